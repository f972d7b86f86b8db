"""A refusal says what GitHub answered and what a person can do about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from delivery.errors import ForgeError
from delivery.github.api import GithubApi
from delivery.github.errors import GithubError, refusal
from tests.delivery.github.client import Clock
from tests.github.hub import Hub

REPO = "/repos/acme/model"


def test_a_permission_is_not_a_rate_limit(hub: Hub, clock: Clock) -> None:
    token = hub.token(hub.bot, {"contents": "read"})
    api = GithubApi(hub.url, token, patience=clock.patience())
    with pytest.raises(GithubError, match="issues: write or pull-requests: write") as failed:
        api.post(f"{REPO}/labels", {"name": "x"})
    assert failed.value.status == 403
    assert "Resource not accessible by integration" in str(failed.value)
    assert clock.slept == []


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        (f"{REPO}/pulls/99", 404, "GITHUB_REPOSITORY"),
        ("/repos/acme/other/pulls", 404, "may not see it"),
        (f"{REPO}/actions/variables", 403, "`actions-variables: read`"),
    ],
)
def test_a_refusal_says_what_to_do(api: GithubApi, path: str, status: int, says: str) -> None:
    with pytest.raises(GithubError) as failed:
        api.get(path)
    assert failed.value.status == status
    assert says in str(failed.value)
    assert path in str(failed.value)


def test_a_wrong_token_is_named_as_such(hub: Hub, clock: Clock) -> None:
    api = GithubApi(hub.url, "ghs_wrong", patience=clock.patience())
    with pytest.raises(GithubError, match="invalid or has expired") as failed:
        api.get(f"{REPO}/labels")
    assert failed.value.status == 401


def test_actions_that_may_open_nothing_are_told_where_to_allow_it(
    hub: Hub, api: GithubApi, branch: Callable[..., str]
) -> None:
    branch("one")
    hub.workflow_defaults["can_approve_pull_request_reviews"] = False
    with pytest.raises(GithubError, match="Settings → Actions"):
        api.post(f"{REPO}/pulls", {"title": "One", "head": "one", "base": "main"})


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"message": "Not good."}, "Not good. "),
        ({"message": "No", "errors": [{"message": "too long"}, "odd"]}, "No (too long; odd). "),
        (
            {
                "message": "No",
                "errors": [{"resource": "Label", "field": "name", "code": "missing"}],
            },
            "No (Label name missing). ",
        ),
        ({"message": "No", "errors": "x"}, "No. "),
        ({}, "Unprocessable Entity. "),
        (["x"], "Unprocessable Entity. "),
    ],
)
def test_whatever_shape_the_answer_has_its_reason_is_said(body: Any, said: str) -> None:
    error = refusal("POST", "/labels", httpx.Response(422, json=body))
    assert str(error).startswith(f"GitHub answered 422 to POST /labels: {said}")
    assert error.status == 422
    assert isinstance(error, ForgeError)


def test_an_answer_that_is_no_json_is_no_riddle() -> None:
    error = refusal("GET", "/x", httpx.Response(502, text="<html>"))
    assert "502 to GET /x: Bad Gateway. That is GitHub's" in str(error)


def test_a_permission_that_github_does_not_name_is_still_a_permission() -> None:
    error = refusal("GET", "/x", httpx.Response(403, json={"message": "No"}))
    assert "needs a permission that it does not have" in str(error)
