"""What candidate and champion would each gain by having their scores recalibrated."""

from __future__ import annotations

import numpy as np

from delivery.evidence.trial import Trial
from delivery.gates.numbers.paired import PairedLosses
from delivery.gates.numbers.recalibration import recalibrate
from delivery.gates.quality.calibration import Evidence


def gather(trial: Trial) -> Evidence:
    """Scores that are not finite gain nothing known."""
    paired, first = trial.paired, trial.champion is None
    if paired is None:
        return Evidence(None, first=first, missing=trial.missing)
    both = paired.candidate, paired.reference
    if not all(np.isfinite(scores).all() for scores in both):
        return Evidence(None, first=first, missing="some scores are not finite")
    labels = paired.holdout.labels
    candidate, reference = (recalibrate(paired.task, labels, scores) for scores in both)
    losses = paired.losses
    return Evidence(
        gains=PairedLosses(losses.metric, candidate.gains, reference.gains, losses.clusters),
        loss=float(losses.reference.mean()),
        first=first,
        shown={
            "candidate": {"intercept": candidate.intercept, "slope": candidate.slope},
            "reference": {"intercept": reference.intercept, "slope": reference.slope},
        },
    )
