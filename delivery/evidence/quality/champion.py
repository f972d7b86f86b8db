"""A candidate beside the champion, on the same rows."""

from __future__ import annotations

from delivery.errors import HeldError
from delivery.evidence.integrity import conflicts
from delivery.evidence.trial import Trial
from delivery.gates.quality.champion import Evidence


def gather(trial: Trial) -> Evidence | None:
    """None for a first release, which the gate baseline judges."""
    if trial.champion is None:
        return None
    evaluation, paired = trial.evaluation, trial.paired
    retrain, reason = evaluation.retrain, evaluation.reason
    if paired is None:
        return Evidence(None, trial.missing, retrain=retrain, reason=reason)
    try:
        against = conflicts(evaluation, trial.bento.contract.roles)
    except HeldError as error:
        return Evidence(None, str(error), retrain=retrain, reason=reason)
    return Evidence(
        losses=paired.losses,
        segments=paired.holdout.segments,
        trained_until=trial.champion.contract.trained_until,
        holdout_from=paired.holdout.first,
        conflicts=against,
        retrain=retrain,
        reason=reason,
    )
