"""How long is waited, and how often: longer each time, and as GitHub says."""

from __future__ import annotations

import httpx
import pytest

from delivery.github.api import GithubApi
from delivery.github.errors import GithubError
from delivery.github.retry import Patience, limited
from tests.delivery.github.client import Clock
from tests.github.hub import Hub

REPO = "/repos/acme/model"


@pytest.mark.parametrize("status", [500, 502, 503, 504, 0])
def test_what_can_be_repeated_is_repeated_longer_each_time(
    hub: Hub, api: GithubApi, clock: Clock, status: int
) -> None:
    hub.fail_next("GET", "/labels", status, times=3)
    assert list(api.pages(f"{REPO}/labels")) == []
    assert clock.slept == [1.0, 2.0, 4.0]


def test_patience_ends_after_so_long(hub: Hub, clock: Clock, token: str) -> None:
    api = GithubApi(hub.url, token, patience=clock.patience(tries=100, seconds=10.0))
    hub.fail_next("GET", "/labels", 502, times=100)
    with pytest.raises(GithubError):
        api.get(f"{REPO}/labels")
    assert clock.slept == [1.0, 2.0, 4.0]  # a fourth would end after 15 seconds


def test_jitter_spreads_those_who_wait_together(clock: Clock) -> None:
    waits = [clock.patience().backoff(tried) for tried in range(1, 9)]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert clock.patience().__class__(jitter=lambda: 1.0).backoff(1) == 1.5


@pytest.mark.parametrize(
    ("status", "headers", "message", "waits"),
    [
        (429, {"Retry-After": "7"}, "slow down", [7.0]),
        (403, {"Retry-After": "7"}, "You have triggered an abuse detection", [7.0]),
        (403, {}, "You have exceeded a secondary rate limit", [60.0]),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1800000030"}, "limit", [31.0]),
    ],
)
def test_a_rate_limit_is_waited_for_as_github_says(
    hub: Hub, api: GithubApi, clock: Clock, status: int, headers: dict[str, str],
    message: str, waits: list[float],
) -> None:  # fmt: skip
    hub.fail_next("POST", "/labels", status, headers=headers, message=message)
    assert api.post(f"{REPO}/labels", {"name": "x"})["name"] == "x"
    assert clock.slept == waits


def test_a_limit_that_lasts_too_long_is_not_waited_for(
    hub: Hub, api: GithubApi, clock: Clock
) -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(clock.now) + 3000)}
    hub.fail_next("GET", "/labels", 403, headers=headers, message="API rate limit exceeded")
    with pytest.raises(GithubError, match="rate limit is used up"):
        api.get(f"{REPO}/labels")
    assert clock.slept == []


@pytest.mark.parametrize(
    ("status", "headers", "text", "expected"),
    [
        (429, {}, "", True),
        (403, {}, "Resource not accessible by integration", False),
        (403, {"retry-after": "7"}, "", True),
        (403, {"x-ratelimit-remaining": "0"}, "", True),
        (403, {"x-ratelimit-remaining": "1"}, "", False),
        (403, {}, "You have exceeded a secondary Rate Limit", True),
        (404, {"x-ratelimit-remaining": "0"}, "rate limit", False),
    ],
)
def test_a_limit_is_told_from_a_permission(
    status: int, headers: dict[str, str], text: str, expected: bool
) -> None:
    assert limited(httpx.Response(status, headers=headers, text=text)) is expected


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
def test_what_the_caller_did_wrong_is_not_asked_again(status: int) -> None:
    assert Patience().after(httpx.Response(status), 1) is None


def test_a_reset_that_is_over_is_waited_a_second_for(clock: Clock) -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(clock.now) - 30)}
    assert clock.patience().after(httpx.Response(403, headers=headers), 1) == 1.0
