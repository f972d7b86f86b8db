"""Who signed a release, and when that came to main."""

from __future__ import annotations

from delivery.evidence.live import Live
from delivery.evidence.trial import Trial
from delivery.gates.supply_chain.signature import Evidence
from delivery.release.signature import released_signature
from delivery.state.history import Attempt
from delivery.state.snapshot import Snapshot
from delivery.storage.checkout import Checkout


def gather(trial: Trial) -> Evidence | None:
    """None for `delivery gate`: nothing is signed before it is released."""
    return trial.submitted.signature


def observe(live: Live) -> Evidence | None:
    """None where nobody asks for it."""
    return live.signature


def admit(checkout: Checkout, snapshot: Snapshot, attempt: Attempt) -> Evidence:
    """Of what main wants, before anything starts."""
    release = attempt.desired.wanted.release
    return released_signature(checkout, snapshot, release, attempt.environment.name)
