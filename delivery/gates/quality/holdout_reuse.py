"""A holdout that many models were tried on is no holdout any more: the best of them looks better
than it is. Past a number of distinct models the gate holds until new data arrives."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from delivery.gates.verdict import Verdict
from serving.strict import Strict

GATE = "holdout_reuse"


class Policy(Strict):
    """`limit`: how many distinct models may be judged on the same rows."""

    limit: int = Field(default=5, ge=1)


@dataclass(frozen=True)
class Evidence:
    """`number`: this model is the n-th that was judged on these rows, from 1 on. None: unknown,
    and `missing` says why. `uncounted` says why this look could not be written down."""

    number: int | None
    missing: str = ""
    uncounted: str = ""


def judge(evidence: Evidence, policy: Policy) -> Verdict:
    """Pass up to the limit; the same model judged again keeps its number."""
    required = f"at most {policy.limit} distinct models on the same rows"
    number = evidence.number
    if number is None:
        why = evidence.missing or "nobody counted the looks at this holdout"
        return Verdict(GATE, "hold", "not counted", required, why)
    measured = f"model {number} on these rows"
    details = {"number": number, "limit": policy.limit, "counted": not evidence.uncounted}
    if number > policy.limit:
        why = (
            f"{number - 1} other models were judged on these rows before, and the best of many "
            "looks better than it is: wait for new data"
        )
        return Verdict(GATE, "hold", measured, required, why, details)
    why = "the holdout still tells something"
    if evidence.uncounted:
        why = f"not counted here, the next command that may write counts it: {evidence.uncounted}"
    return Verdict(GATE, "pass", measured, required, why, details)
