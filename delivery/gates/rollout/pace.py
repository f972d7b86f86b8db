"""When can a decision come at today's traffic, and which steps fit it?"""

from __future__ import annotations

import math
from dataclasses import dataclass

SLOW = 1.0  # requests a second; below it a canary takes too long to be the first to look


@dataclass(frozen=True)
class Plan:
    """What fits the traffic: does a shadow look first, and the shares of the steps."""

    shadow: bool
    shares: tuple[float, ...]


def plan(rate: float, shares: tuple[float, ...]) -> Plan:
    """Below `SLOW` requests a second a shadow, which every request feeds, decides first, and two
    steps follow; above it all of `shares`. A rate of 0 or NaN counts as slow."""
    if rate >= SLOW:
        return Plan(False, shares)
    return Plan(True, tuple(share for share in (0.10, 0.50) if share <= max(shares, default=0.5)))


def earliest(needed: int, rate: float, share: float) -> float | None:
    """Seconds until the candidate has answered `needed` more requests at `rate` requests a second
    in all, of which it gets `share`; None: never, as things are."""
    if needed <= 0:
        return 0.0
    if not math.isfinite(rate) or rate * share <= 0:
        return None
    return needed / (rate * share)
