"""The contracts of a bento and of the one that clients know."""

from __future__ import annotations

from delivery.bento.bento import Bento
from delivery.evidence.live import Live
from delivery.evidence.trial import Trial
from delivery.gates.service.contract import Evidence


def gather(trial: Trial) -> Evidence:
    """The candidate's and the champion's."""
    return _both(trial.bento, trial.champion)


def observe(live: Live) -> Evidence:
    """The instance's and the previous release's."""
    return _both(live.bento, live.previous)


def _both(bento: Bento, before: Bento | None) -> Evidence:
    previous = before.contract if before else None
    return Evidence(bento.contract, previous, first=before is None)
