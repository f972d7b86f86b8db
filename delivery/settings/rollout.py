"""`rollout:` of an environment: how a release that passed its gates comes to all clients."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator, model_validator

from delivery.gates.rollout import canary, shadow
from serving.strict import Strict

SLOT = 5  # percent: a client is in one of twenty slots
ORDER = ("shadow", "canary")  # of those that an environment has


class Shadow(shadow.Policy):
    """Both releases answer the same requests, and clients see the champion's answers alone.

    `replay` is how many of the champion's newest logged requests the candidate is asked before
    anything new comes. `mirror` is the percentage of predictions that the router also sends to the
    candidate as they come; None: 10 where the router can. What is not decided after `ceiling_s`
    seconds is inconclusive.
    """

    replay: int = Field(default=5_000, ge=0)
    mirror: int | None = Field(default=None, ge=0, le=100)
    ceiling_s: float = Field(default=7200, gt=0)


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
    """`at_once` gives all clients the release. `shadow` compares its answers first, `canary` gives
    a share of the clients to it first; with both, the shadow comes before the canary."""

    shadow: Shadow | None = None
    canary: Canary | None = None

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, content: Any) -> Any:
        """A name, or a list of them, stands for its defaults; so does one without settings."""
        if isinstance(content, dict):
            return {name: {} if value is None else value for name, value in content.items()}
        names = [content] if isinstance(content, str) else content
        if names == ["at_once"]:
            return {}
        ordered = isinstance(names, list) and [name for name in ORDER if name in names]
        if isinstance(names, list) and not (names and names == ordered):
            raise ValueError(
                "a rollout is at_once, shadow, canary or [shadow, canary], with the shadow first; "
                f"not {content}"
            )
        return {name: {} for name in names} if isinstance(names, list) else content

    @property
    def needs(self) -> tuple[str, ...]:
        """The capabilities that a target has to have for it."""
        needed: dict[str, None] = {}
        if self.shadow:
            needed |= dict.fromkeys(("lasting", "predictions"))
            needed |= {"mirror": None} if self.shadow.mirror else {}
        if self.canary:
            needed |= dict.fromkeys(("lasting", "shares", "sticky", "records"))
        return tuple(needed)
