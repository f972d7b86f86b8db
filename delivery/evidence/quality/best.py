"""A candidate beside the best earlier releases, on the rows of today.

Losses on different holdouts say nothing about each other. So the record of each promotion, the
candidate's loss and the champion's on the same rows, is added up along the chain of champions
(delivery.state.history): that tells which releases were the best. Those are asked again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from delivery.bento.bento import Bento
from delivery.errors import DeliveryError, TargetError
from delivery.evidence.holdout import Holdout
from delivery.evidence.trial import Submission, Trial
from delivery.gates.numbers.metrics import losses
from delivery.gates.numbers.paired import PairedLosses
from delivery.gates.quality.best import Evidence, Policy
from delivery.gates.quality.champion import leak
from delivery.state.evidence_file import EvidenceFile
from delivery.state.history import UNKNOWN, Attempt
from delivery.state.snapshot import Snapshot
from serving.contract import Contract
from serving.strict import DocumentError

MONTH = timedelta(days=30.44)


def gather(trial: Trial) -> Evidence:
    """Both losses on the rows of the holdout, for each release that can be asked about them."""
    if trial.submission is None:
        return Evidence()
    try:
        earlier = earlier_releases(trial.submission, trial.policy.of(Policy))
    except DeliveryError as error:
        return Evidence(missing=str(error))
    if not earlier:
        return Evidence()
    paired = trial.paired
    if paired is None:
        return Evidence(missing="there are no scores of the candidate")
    candidate = paired.losses
    left_out: dict[str, str] = {}
    compared: dict[str, PairedLosses] = {}
    for bento in earlier:
        try:
            misfit = _misfit(bento.contract, paired.contract, paired.holdout)
            if misfit:
                left_out[bento.id] = misfit
                continue
            answer = trial.predictions.holdout(bento, paired.holdout)
        except (DeliveryError, DocumentError, TargetError) as error:
            return Evidence(missing=f"{bento.id}: {error}")
        if answer.scores is None:
            left_out[bento.id] = answer.missing
            continue
        theirs = losses(paired.task, paired.holdout.labels, answer.scores)
        compared[bento.id] = PairedLosses(
            candidate.metric, candidate.candidate, theirs, candidate.clusters
        )
    return Evidence(compared, left_out)


def earlier_releases(submission: Submission, policy: Policy) -> tuple[Bento, ...]:
    """The best releases by record, the best first.

    A release that stands worse in the record than the champion is left out: it is beaten already.

    Raises:
        DeliveryError: the bytes of one cannot be had.
    """
    snapshot = submission.snapshot
    levels = recorded_levels(snapshot, policy.months)
    champion = snapshot.champion().release
    beaten = levels.get(champion, UNKNOWN)
    names = [
        release
        for release, level in sorted(levels.items(), key=lambda item: item[1])
        if release not in (submission.candidate.bento.id, champion)
        and (level < beaten or beaten == UNKNOWN)
    ]
    checkout = submission.checkout
    return tuple(Bento(name, checkout.bento(snapshot, name)) for name in names[: policy.releases])


def recorded_levels(snapshot: Snapshot, months: int) -> Mapping[str, float]:
    """Release → how its loss stands by the record, lower is better.

    For all that were verified in the last environment in the `months` before main's newest
    commit, and not revoked or rejected since.
    """
    name = snapshot.settings.last

    def evidence(attempt: Attempt) -> EvidenceFile | None:
        return snapshot.evidence(name, attempt.commit)

    return snapshot.history(name).recorded_levels(evidence, snapshot.moment - months * MONTH)


def _misfit(contract: Contract, own: Contract, holdout: Holdout) -> str:
    """Why a release cannot be asked about these rows; empty if it can."""
    if (contract.task, contract.classes) != (own.task, own.classes):
        return "it answers another question"
    return "; ".join(leak(contract.trained_until, holdout.first, "it"))
