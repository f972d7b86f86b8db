"""Clients of the release that runs must not notice the next one, nor a rollback to it."""

from __future__ import annotations

from dataclasses import dataclass

from delivery.gates.compatibility import changes
from delivery.gates.verdict import Verdict
from serving.contract import Contract

GATE = "contract"
REQUIRED = "no change that breaks clients or a rollback"


@dataclass(frozen=True)
class Evidence:
    """`previous` runs now; `first` says that nothing does. None: unknown, `missing` says why."""

    candidate: Contract | None
    previous: Contract | None
    first: bool = False
    missing: str = ""


def judge(evidence: Evidence) -> Verdict:
    """Pass if requests for either contract are good for the other."""
    if evidence.candidate is None or (evidence.previous is None and not evidence.first):
        why = evidence.missing or "a contract to compare is missing"
        return Verdict(GATE, "hold", "not measured", REQUIRED, why)
    if evidence.previous is None:
        why = "nothing runs yet: there is no client to break"
        return Verdict(GATE, "pass", "first release", REQUIRED, why, {"changes": []})
    differences = changes(evidence.previous, evidence.candidate)
    breaking = [change for change in differences if change.breaks]
    details = {"changes": [change.to_json() for change in differences]}
    measured = f"{len(breaking)} breaking, {len(differences) - len(breaking)} other changes"
    if breaking:
        why = "; ".join(f"{change.text} (breaks {change.breaks})" for change in breaking)
        return Verdict(GATE, "fail", measured, REQUIRED, why, details)
    notes = "; ".join(change.text for change in differences)
    why = f"compatible both ways: {notes}" if notes else "the contracts are compatible both ways"
    return Verdict(GATE, "pass", measured, REQUIRED, why, details)
