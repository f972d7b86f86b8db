"""Which of two or more releases has the better outcome? Looked at as often as one likes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import Field

from delivery.gates.numbers.bootstrap import Floats
from delivery.gates.rollout.decision import inconclusive
from delivery.gates.rollout.samples import Whole
from delivery.gates.verdict import Verdict
from serving.strict import Strict

GATE = "experiment"


class Policy(Strict):
    """Shares and errors of an A/B experiment; all are fixed before it starts."""

    smallest: float = Field(default=0.02, gt=0)  # of interest, as a share of the champion's mean
    alpha: float = Field(default=0.05, gt=0, le=0.2)
    planned: int = Field(default=20_000, ge=1_000)  # entities in all; the interval is tuned to it
    burn_in: int = Field(default=500, ge=50)  # entities of each arm before anything is said
    days: int = Field(default=14, ge=1)
    ceiling: int = Field(default=56, ge=7)  # days
    guardrail: float = Field(default=0.02, gt=0)  # may get worse, as a share of the champion's mean


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """One entry an entity, [entities] each, in the order in which their outcomes matured: each
    entity once, a fixed time after it was first served (7 days, say).

    `assigned` says how many entities each arm was given in all, also those without an outcome.
    """

    at: Floats  # s since the epoch, when the outcome matured
    arm: Whole  # 0 is the champion
    value: Floats  # the outcome, higher is better
    before: Floats | None = None  # the same before the experiment, or a score; NaN: unknown
    guardrails: Mapping[str, Floats] = field(default_factory=dict)  # higher is better
    assigned: tuple[int, ...] = ()
    shares: tuple[float, ...] = ()  # wanted, of each arm
    began: float = 0.0  # s since the epoch


def judge(outcomes: Outcomes, policy: Policy) -> tuple[Verdict, ...]:
    """A verdict for each arm but the champion: pass is a winner, fail is worse; `details["result"]`
    is winner, worse, no difference or undecided."""
    del outcomes
    return (inconclusive(GATE, "", "", "not judged", policy.planned),)
