"""Ask earlier releases about the rows of today, and compare."""

from __future__ import annotations

from delivery.errors import TargetError
from delivery.evidence.evaluation import Holdout, Rivals
from delivery.evidence.predictions import Interview
from delivery.evidence.reported.summary import Sides
from delivery.gates.numbers.metrics import losses
from delivery.gates.numbers.paired import PairedLosses
from delivery.gates.quality.best import Evidence
from delivery.gates.quality.champion import leak
from serving.contract import Contract, ContractError, read_contract


def compare_with(desk: Interview, rivals: Rivals, sides: Sides | None) -> Evidence:
    """Both losses on the rows of the holdout, for each rival that can be asked about them."""
    if rivals.missing or not rivals.subjects:
        return Evidence(missing=rivals.missing)
    if sides is None:
        return Evidence(missing="there are no scores of the candidate")
    own = sides.losses()
    left_out: dict[str, str] = {}
    found: dict[str, PairedLosses] = {}
    for subject in rivals.subjects:
        try:
            contract = read_contract(subject.model)
            misfit = _misfit(contract, sides.contract, sides.holdout)
            if misfit:
                left_out[subject.release] = misfit
                continue
            asked = desk.holdout(subject, contract, sides.holdout)
        except (ContractError, TargetError) as error:
            return Evidence(missing=f"{subject.release}: {error}")
        if asked.scores is None:
            left_out[subject.release] = asked.missing
            continue
        theirs = losses(sides.task, sides.holdout.labels, asked.scores)
        found[subject.release] = PairedLosses(own.metric, own.candidate, theirs, own.clusters)
    return Evidence(found, left_out)


def _misfit(contract: Contract, own: Contract, holdout: Holdout) -> str:
    """Why a release cannot be asked about these rows; empty if it can."""
    if (contract.task, contract.classes) != (own.task, own.classes):
        return "it answers another question"
    return "; ".join(leak(contract.trained_until, holdout.first, "it"))
