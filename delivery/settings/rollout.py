"""`rollout:` of an environment: how a release that passed its gates comes to all clients."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator, model_validator

from delivery.gates.rollout import canary
from serving.strict import Strict

SLOT = 5  # percent: a client is in one of twenty slots


class Canary(canary.Policy):
    """A rising share of the clients, each step judged beside the champion.

    `header` names the request header that says who asks; clients without it are known by a cookie.
    A step that is not decided after `ceiling_s` seconds is inconclusive.
    """

    shares: tuple[int, ...] = (5, 25, 50)  # percent
    header: str = Field(default="", pattern=r"^[A-Za-z0-9-]*$")
    ceiling_s: float = Field(default=7200, gt=0)

    @field_validator("shares")
    @classmethod
    def _rise_by_slots(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        rising = all(before < after for before, after in zip((0, *value), value, strict=False))
        if not value or not rising or any(share % SLOT or share >= 100 for share in value):
            raise ValueError(
                f"shares are percentages that rise in multiples of {SLOT} and stay below 100, "
                f"such as [5, 25, 50]; not {list(value)}"
            )
        return value


class Rollout(Strict):
    """`at_once` gives all clients the release, `canary` a share first."""

    canary: Canary | None = None

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, content: Any) -> Any:
        """A name stands for its defaults."""
        if content == "at_once":
            return {}
        return {content: {}} if isinstance(content, str) else content

    @property
    def needs(self) -> tuple[str, ...]:
        """The capabilities that a target has to have for it."""
        return ("lasting", "shares", "sticky", "records") if self.canary else ()
