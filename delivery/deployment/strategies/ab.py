"""When an experiment ends, and how: a pure function of the verdicts on it.

running ─┬▶ winner          the challenger is proposed
         ├▶ no difference   the champion stays
         ├▶ worse, harmed   the champion has all clients at once
         ├▶ undecided       the ceiling in days is reached
         └▶ void            the measurement cannot be trusted: a person looks
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from delivery.gates.rollout.decision import decide, needed
from delivery.gates.verdict import Verdict

Result = Literal[
    "winner", "no difference", "worse", "harmed", "undecided", "void", "refused", "stopped"
]


@dataclass(frozen=True, slots=True)
class Conclusion:
    """How an experiment ended. `why` is for people."""

    result: Result
    why: str


def conclude(
    safety: Sequence[Verdict], verdict: Verdict, *, died: bool, over: bool
) -> Conclusion | None:
    """None while it goes on.

    `safety` are verdicts on what the router wrote down, `verdict` is the one on outcomes. `died`:
    the process of the challenger is gone. `over`: the ceiling has passed by the clock.
    """
    if died:
        return Conclusion("harmed", "the process of the challenger died")
    by_router = decide(safety, last=False)
    if by_router.next == "stop":
        return Conclusion("harmed", by_router.why)
    if by_router.next == "hold":
        return Conclusion("void", by_router.why)
    return _by_outcomes(verdict, over=over)


def _by_outcomes(verdict: Verdict, *, over: bool) -> Conclusion | None:
    if verdict.status == "pass":
        return Conclusion("winner", verdict.why)
    if verdict.status == "fail":
        return Conclusion("worse", verdict.why)
    left = needed(verdict)
    if left is None:
        return Conclusion("void", verdict.why)
    if verdict.details.get("result") == "no difference":
        return Conclusion("no difference", verdict.why)
    if left == 0 or over:
        return Conclusion("undecided", verdict.why)
    return None
