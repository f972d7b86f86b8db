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
        scores, one = self.scores or (), self.behaviour
        if one.higher is not None:
            return scores[0] - scores[1] >= one.by
        if one.same is not None:
            return max(scores) - min(scores) <= one.within
        low = -math.inf if one.minimum is None else one.minimum
        high = math.inf if one.maximum is None else one.maximum
        return low <= scores[0] <= high

    def describe(self) -> str:
        name = f"{self.behaviour.name}{' (declared by the champion)' if self.dropped else ''}"
        if self.scores is None:
            return f"{name}: {self.missing}"
        return f"{name}: {', '.join(f'{score:.4g}' for score in self.scores)}; {self._required()}"

    def _required(self) -> str:
        one = self.behaviour
        if one.higher is not None:
            return f"the first is higher by {one.by:g} or more"
        if one.same is not None:
            return f"equal within {one.within:g}"
        limits = (("at least", one.minimum), ("at most", one.maximum))
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
    asked = evidence.asked
    details = {"behaviours": [one.to_json() for one in asked]}
    broken = [one for one in asked if one.known and not one.met]
    unknown = [one for one in asked if not one.known]
    measured = f"{len(asked) - len(broken) - len(unknown)} of {len(asked)} met"
    if broken:
        why = "; ".join(one.describe() for one in broken)
        return Verdict(GATE, "fail", measured, required, why, details)
    own = len(asked) - sum(one.dropped for one in asked)
    if unknown or own < policy.minimum_behaviours:
        why = "; ".join(one.describe() for one in unknown) or f"the candidate declares {own}"
        return Verdict(GATE, "hold", measured, required, why, details)
    dropped = ", ".join(one.behaviour.name for one in asked if one.dropped)
    why = "the model behaves as declared" if asked else "the model declares no behaviour"
    if dropped:
        why += f"; no longer declared, but met: {dropped}"
    return Verdict(GATE, "pass", measured, required, why, details)
