"""A first release beside a dummy that knows no input."""

from __future__ import annotations

from delivery.evidence.trial import Trial
from delivery.gates.quality.baseline import Evidence


def gather(trial: Trial) -> Evidence | None:
    """None where there is a champion to compare with."""
    if trial.champion is not None:
        return None
    return Evidence(trial.paired.losses if trial.paired else None, trial.missing)
