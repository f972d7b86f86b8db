"""How predictions that a champion answers are also sent to a candidate, whose answers are thrown
away."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mirror:
    """`share` percent of the predictions, in shadow `number` of an attempt, a commit of main."""

    attempt: str
    number: int
    champion: str
    candidate: str
    share: int

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 100:
            raise ValueError(f"a mirror gets 0 to 100 percent, not {self.share}")
