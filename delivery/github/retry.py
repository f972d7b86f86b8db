"""How long to try again, and when: back-off with jitter, and what GitHub says about its limits.

GitHub's rules: after `Retry-After` seconds if it gives them; at `x-ratelimit-reset` if nothing
remains; after a minute if it only speaks of a secondary limit; longer each time.
https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx

SECONDARY_S = 60.0  # what GitHub asks for where it gives no time
LONGEST_S = 60.0  # of a back-off that nobody asked for


@dataclass(frozen=True, slots=True)
class Patience:
    """At most `tries` of a request, and none that would start after `seconds` in all."""

    tries: int = 6
    seconds: float = 300.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.time  # seconds since 1970, as x-ratelimit-reset counts
    jitter: Callable[[], float] = random.random  # 0 to 1

    def backoff(self, tried: int, *, base: float = 1.0) -> float:
        """Seconds after the `tried`-th failure (from 1): base × 2^(tried-1), plus up to half."""
        return min(base * 2.0 ** (tried - 1), LONGEST_S) * (1 + self.jitter() / 2)

    def after(self, answer: httpx.Response, tried: int) -> float | None:
        """Seconds to wait before asking again; None if asking again changes nothing."""
        if limited(answer):
            return self._limit(answer, tried)
        return self.backoff(tried) if answer.status_code >= 500 else None

    def _limit(self, answer: httpx.Response, tried: int) -> float:
        seconds = answer.headers.get("retry-after", "")
        if seconds.isdecimal():
            return float(seconds) + self.jitter()
        reset = answer.headers.get("x-ratelimit-reset", "")
        if answer.headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
            return max(0.0, float(reset) - self.clock()) + 1 + self.jitter()
        return SECONDARY_S * 2.0 ** (tried - 1) + self.jitter()


def limited(answer: httpx.Response) -> bool:
    """Did GitHub refuse because of a rate limit, rather than a permission?"""
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return True
    return answer.status_code == httpx.codes.FORBIDDEN and (
        "retry-after" in answer.headers
        or answer.headers.get("x-ratelimit-remaining") == "0"
        or "rate limit" in answer.text.lower()
    )
