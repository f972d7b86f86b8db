"""How traffic is divided between a champion and a candidate.

Clients are in one of twenty slots, by a salted hash of who they are. A step gives whole slots to
the candidate and takes none back, so a client moves only when its slot does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Set
from dataclasses import dataclass
from functools import lru_cache

SLOTS = 20
PERCENT = 100 // SLOTS  # of the traffic is in one slot


@dataclass(frozen=True, slots=True)
class Split:
    """The candidate's `share` (percent, whole slots) in a step of an attempt.

    `attempt` is a commit of main, or the salt of an experiment: it says who is in which slot.
    `header` names the request header that says who asks; a client without it is known by a cookie.
    """

    attempt: str
    step: int
    champion: str
    candidate: str
    share: int
    header: str = ""

    def __post_init__(self) -> None:
        if self.share % PERCENT or not 0 < self.share < 100:
            raise ValueError(f"a share is 5, 10, … or 95 percent, not {self.share}")

    @property
    def weights(self) -> Mapping[str, int]:
        """Release → percent."""
        return {self.champion: 100 - self.share, self.candidate: self.share}

    @property
    def stamp(self) -> str:
        """What the router writes down with each request of this step."""
        return f"{self.attempt[:12]}.{self.step}.{self.share}"

    @property
    def slots(self) -> Set[int]:
        """The candidate's."""
        return slots_of(self.attempt, self.share)


@lru_cache
def slots_of(attempt: str, share: int) -> Set[int]:
    """The candidate's slots, in an order that differs from attempt to attempt."""
    order = sorted(range(SLOTS), key=lambda slot: _digest(f"{attempt} {slot}"))
    return frozenset(order[: share // PERCENT])


def slot_of(attempt: str, client: str) -> int:
    """The slot of a client, as the router computes it."""
    return int.from_bytes(_digest(f"{attempt}\n{client}")[:4], "big") % SLOTS


def entity_of(attempt: str, client: str) -> str:
    """What the router writes down of a client, in its place."""
    return _digest(f"{attempt}\n{client}")[4:12].hex()


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
