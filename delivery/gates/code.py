"""Code that goes into a release, or made its model, must not be known as dangerous."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from delivery.gates.verdict import Verdict
from serving.contract import Strict

GATE = "code"
NAMED = 5
REQUIRED = "no finding of medium severity and confidence or more"


class Policy(Strict):
    """Nothing to tune: a line that has to be so says why, beside it."""


@dataclass(frozen=True)
class Evidence:
    """`found` has a line per finding, as in `serving/app.py:7 text [B602]`. None: nobody could
    look, and `missing` says why."""

    found: Sequence[str] | None
    missing: str = ""


def judge(evidence: Evidence, policy: Policy) -> Verdict:  # noqa: ARG001 - every gate has one
    """Pass if nothing was found."""
    if evidence.found is None:
        return Verdict(GATE, "hold", "not looked at", REQUIRED, evidence.missing)
    found = list(evidence.found)
    measured = f"{len(found)} found"
    if found:
        more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
        why = "; ".join(found[:NAMED]) + more
        return Verdict(GATE, "fail", measured, REQUIRED, why, {"found": found})
    return Verdict(GATE, "pass", measured, REQUIRED, "nothing dangerous is known in it")
