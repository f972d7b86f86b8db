"""A request is sent until it is done, hopeless, or patience ends; a POST at most once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from delivery.github.api import GithubApi
from delivery.github.calls import Call, FailedError, carry_out
from delivery.github.errors import GithubError
from tests.delivery.github.client import Clock
from tests.github.hub import Hub

REPO = "/repos/acme/model"


def label(api: GithubApi, name: str = "x") -> Any:
    """The label of a name, of which there can be only one."""
    found = [label for label in api.pages(f"{REPO}/labels") if label["name"] == name]
    assert len(found) <= 1
    return found[0] if found else None


def test_patience_ends_after_so_many_tries(hub: Hub, api: GithubApi, clock: Clock) -> None:
    hub.fail_next("GET", "/labels", 502, times=6)
    with pytest.raises(GithubError, match="502 to GET") as failed:
        api.get(f"{REPO}/labels")
    assert failed.value.status == 502
    assert len(hub.requests) == 6
    assert len(clock.slept) == 5


@pytest.mark.parametrize("carried_out", [True, False])
@pytest.mark.parametrize("status", [502, 0])
def test_a_post_that_may_have_been_carried_out_makes_one(
    hub: Hub, api: GithubApi, status: int, carried_out: bool
) -> None:
    hub.fail_next("POST", "/labels", status, carried_out=carried_out)
    made = api.post(f"{REPO}/labels", {"name": "x"}, adopt=lambda: label(api))
    assert made == hub.labels["x"]


def test_a_post_whose_last_answer_was_lost_is_still_adopted(hub: Hub, clock: Clock) -> None:
    api = GithubApi(hub.url, hub.token(hub.bot, {"issues": "write"}), patience=clock.patience(1))
    hub.fail_next("POST", "/labels", 502, carried_out=True)
    assert api.post(f"{REPO}/labels", {"name": "x"}, adopt=lambda: label(api))["name"] == "x"


def test_a_post_that_nobody_can_find_again_is_not_repeated(
    hub: Hub, api: GithubApi, clock: Clock
) -> None:
    hub.fail_next("POST", "/labels", 502)
    with pytest.raises(GithubError):
        api.post(f"{REPO}/labels", {"name": "x"})
    assert clock.slept == []
    assert hub.labels == {}


def test_a_post_that_somebody_else_was_first_with_adopts_theirs(hub: Hub, api: GithubApi) -> None:
    theirs = api.post(f"{REPO}/labels", {"name": "x", "color": "123456"})
    assert api.post(f"{REPO}/labels", {"name": "x"}, adopt=lambda: label(api)) == theirs
    with pytest.raises(GithubError, match="Label name already_exists") as failed:
        api.post(f"{REPO}/labels", {"name": "x"})
    assert failed.value.status == 422


class Sender:
    """Fails as it is told, one thing after the other, then answers."""

    def __init__(self, *failures: Exception | int) -> None:
        self.failures = list(failures)
        self.sent = 0

    def __call__(self) -> str:
        self.sent += 1
        if not self.failures:
            return "done"
        failure = self.failures.pop(0)
        raise FailedError(httpx.Response(failure)) if isinstance(failure, int) else failure


@pytest.mark.parametrize(
    ("failure", "sent"),
    [
        (httpx.ConnectError("no route"), 2),
        (httpx.ConnectTimeout("slow"), 2),
        (httpx.ReadTimeout("slow"), 1),
        (httpx.ReadError("cut"), 1),
        (500, 1),
        (429, 2),
        (422, 1),
    ],
)
def test_a_post_is_repeated_only_where_it_cannot_have_arrived(
    clock: Clock, failure: Exception | int, sent: int
) -> None:
    send = Sender(failure)
    call = Call("POST", "/labels", send)
    if sent == 2:
        assert carry_out(call, clock.patience()) == "done"
    else:
        with pytest.raises(GithubError, match="POST /labels"):
            carry_out(call, clock.patience())
    assert send.sent == sent


@pytest.mark.parametrize("adopt", [lambda: None, None])
def test_what_is_refused_for_good_is_sent_once(
    clock: Clock, adopt: Callable[[], Any] | None
) -> None:
    send = Sender(404, 404)
    with pytest.raises(GithubError) as failed:
        carry_out(Call("GET", "/x", send, adopt), clock.patience())
    assert (failed.value.status, send.sent) == (404, 1)


def test_without_an_answer_there_is_no_status_and_the_network_is_named(clock: Clock) -> None:
    with pytest.raises(GithubError, match=r"ConnectError \(no route\).*GITHUB_API_URL") as failed:
        carry_out(Call("GET", "/x", Sender(httpx.ConnectError("no route"))), clock.patience(1))
    assert failed.value.status is None
