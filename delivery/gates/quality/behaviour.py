"""The model must behave as its author said it would, and as the champion's author did."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from delivery.gates.verdict import Verdict
from serving.contract import Behaviour
from serving.strict import Strict

GATE = "behaviour"


class Policy(Strict):
    """`minimum_behaviours`: how many have to be declared."""

    minimum_behaviours: int = Field(default=0, ge=0)


@dataclass(frozen=True)
class Asked:
    """A behaviour and the scores of its rows, in their order. None: not asked, and `missing` says
    why. `dropped`: the champion declares it and the candidate does not."""

    behaviour: Behaviour
    scores: tuple[float, ...] | None
    missing: str = ""
    dropped: bool = False

    @property
    def known(self) -> bool:
        return self.scores is not None and all(map(math.isfinite, self.scores))

    @property
    def met(self) -> bool:
        """Scores must be known."""
        scores, behaviour = self.scores or (), self.behaviour
        if behaviour.higher is not None:
            return scores[0] - scores[1] >= behaviour.by
        if behaviour.same is not None:
            return max(scores) - min(scores) <= behaviour.within
        low = -math.inf if behaviour.minimum is None else behaviour.minimum
        high = math.inf if behaviour.maximum is None else behaviour.maximum
        return low <= scores[0] <= high

    def describe(self) -> str:
        name = f"{self.behaviour.name}{' (declared by the champion)' if self.dropped else ''}"
        if self.scores is None:
            return f"{name}: {self.missing}"
        return f"{name}: {', '.join(f'{score:.4g}' for score in self.scores)}; {self._required()}"

    def _required(self) -> str:
        behaviour = self.behaviour
        if behaviour.higher is not None:
            return f"the first is higher by {behaviour.by:g} or more"
        if behaviour.same is not None:
            return f"equal within {behaviour.within:g}"
        limits = (("at least", behaviour.minimum), ("at most", behaviour.maximum))
        return ", ".join(f"{word} {limit:g}" for word, limit in limits if limit is not None)

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.behaviour.name,
            "scores": list(self.scores) if self.scores and self.known else None,
            "required": self._required(),
            "met": self.met if self.known else None,
            "dropped": self.dropped,
        }


@dataclass(frozen=True)
class Evidence:
    """Every behaviour of the candidate, and those of the champion that it does not declare. None:
    they cannot be read, and `missing` says why."""

    asked: tuple[Asked, ...] | None
    missing: str = ""


def judge(evidence: Evidence, policy: Policy) -> Verdict:
    """Pass if every behaviour is met."""
    required = "every declared behaviour is met"
    if policy.minimum_behaviours:
        required += f", at least {policy.minimum_behaviours}"
    if evidence.asked is None:
        why = evidence.missing or "nobody asked for the behaviours"
        return Verdict(GATE, "hold", "not measured", required, why)
    answers = evidence.asked
    details = {"behaviours": [answer.to_json() for answer in answers]}
    broken = [answer for answer in answers if answer.known and not answer.met]
    unknown = [answer for answer in answers if not answer.known]
    measured = f"{len(answers) - len(broken) - len(unknown)} of {len(answers)} met"
    if broken:
        why = "; ".join(answer.describe() for answer in broken)
        return Verdict(GATE, "fail", measured, required, why, details)
    own = len(answers) - sum(answer.dropped for answer in answers)
    if unknown or own < policy.minimum_behaviours:
        why = "; ".join(answer.describe() for answer in unknown) or f"the candidate declares {own}"
        return Verdict(GATE, "hold", measured, required, why, details)
    dropped = ", ".join(answer.behaviour.name for answer in answers if answer.dropped)
    why = "the model behaves as declared" if answers else "the model declares no behaviour"
    if dropped:
        why += f"; no longer declared, but met: {dropped}"
    return Verdict(GATE, "pass", measured, required, why, details)
