"""How often a client may ask: a bucket that empties and fills."""

from __future__ import annotations

from serving.guard.limits.rate import CLIENTS, RateLimiter


def test_a_bucket_empties_and_fills() -> None:
    """At, below and above a token."""
    now = 0.0
    rate = RateLimiter(2.0, 3, clock=lambda: now)
    assert [rate.wait("a") for _ in range(4)] == [0, 0, 0, 1]
    now = 0.49
    assert rate.wait("a") == 1
    now = 0.5
    assert [rate.wait("a") for _ in range(2)] == [0, 1]
    now = 1000.0
    assert [rate.wait("a") for _ in range(4)] == [0, 0, 0, 1]


def test_the_wait_is_in_whole_seconds() -> None:
    rate = RateLimiter(0.1, 1, clock=lambda: 0.0)
    assert [rate.wait("a") for _ in range(2)] == [0, 10]


def test_memory_is_bounded() -> None:
    rate = RateLimiter(1.0, 1, clock=lambda: 0.0)
    for number in range(CLIENTS + 100):
        rate.wait(str(number))
    assert len(rate._buckets) == CLIENTS
    assert rate.wait("0") == 0, "forgotten, and so fresh"
    assert rate.wait(str(CLIENTS + 99)) > 0
