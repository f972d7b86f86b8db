"""When can a decision come at today's traffic?"""

from __future__ import annotations

import math


def earliest(needed: int, rate: float, share: float) -> float | None:
    """Seconds until the candidate has answered `needed` more requests at `rate` requests a second
    in all, of which it gets `share`; None: never, as things are."""
    if needed <= 0:
        return 0.0
    if not math.isfinite(rate) or rate * share <= 0:
        return None
    return needed / (rate * share)
