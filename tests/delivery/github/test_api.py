"""The REST client: it tries again where that is safe, and no message holds the token."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from delivery.errors import ForgeError
from delivery.github.api import GithubApi
from delivery.github.errors import GithubError
from tests.delivery.forge.conftest import Clock
from tests.github.hub import Hub
from tests.github.releases import make_asset

REPO = "/repos/acme/model"


def label(api: GithubApi, name: str = "x") -> Any:
    """POST something of which there can be only one."""
    found = [label for label in api.pages(f"{REPO}/labels") if label["name"] == name]
    assert len(found) <= 1
    return found[0] if found else None


@pytest.mark.parametrize("status", [500, 502, 503, 504, 0])
def test_what_can_be_repeated_is_repeated_longer_each_time(
    hub: Hub, api: GithubApi, clock: Clock, status: int
) -> None:
    hub.fail_next("GET", "/labels", status, times=3)
    assert list(api.pages(f"{REPO}/labels")) == []
    assert clock.slept == [1.0, 2.0, 4.0]


def test_patience_ends_after_so_many_tries(hub: Hub, api: GithubApi, clock: Clock) -> None:
    hub.fail_next("GET", "/labels", 502, times=6)
    with pytest.raises(GithubError, match="502 to GET") as failed:
        api.get(f"{REPO}/labels")
    assert failed.value.status == 502
    assert len(hub.requests) == 6
    assert len(clock.slept) == 5


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


def test_a_permission_is_not_a_rate_limit(hub: Hub, clock: Clock) -> None:
    token = hub.token(hub.bot, {"contents": "read"})
    api = GithubApi(hub.url, token, patience=clock.patience())
    with pytest.raises(GithubError, match="issues: write or pull-requests: write") as failed:
        api.post(f"{REPO}/labels", {"name": "x"})
    assert failed.value.status == 403
    assert "Resource not accessible by integration" in str(failed.value)
    assert clock.slept == []


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


def test_pages_go_on_to_the_end(hub: Hub, api: GithubApi) -> None:
    for number in range(230):
        api.post(f"{REPO}/labels", {"name": f"label {number:03}"})
    hub.requests.clear()
    assert len(list(api.pages(f"{REPO}/labels"))) == 230
    assert len(hub.requests) == 3
    assert len(list(api.pages(f"{REPO}/labels", per_page=1))) == 230


def test_pages_unwrap_what_github_wraps(hub: Hub, clock: Clock) -> None:
    admin = hub.token(hub.person("ada", "admin"))
    api = GithubApi(hub.url, admin, patience=clock.patience())
    for name in ("staging", "production"):
        api.put(f"{REPO}/environments/{name}", {"wait_timer": 0})
    found = api.pages(f"{REPO}/environments", per_page=1)
    assert [environment["name"] for environment in found] == ["staging", "production"]


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


def test_no_message_log_or_repr_holds_the_token(
    hub: Hub, token: str, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever goes wrong, and though somebody repeats the request in an answer."""
    caplog.set_level(logging.DEBUG)
    api = GithubApi(hub.url, token, patience=clock.patience(tries=2))
    hub.fail_next("GET", "/echo", 400, message=f"bad header Authorization: Bearer {token}")
    hub.fail_next("GET", "/lost", 0, times=2)
    hub.fail_next("GET", "/broken", 500, times=2, message=token)
    texts = [repr(api), str(vars(api)["_client"])]
    for path in ("/echo", "/lost", "/broken", "/nothing"):
        with pytest.raises(GithubError) as failed:
            api.get(path)
        texts += traceback.format_exception(failed.value)
    hub.tokens[token].expired = True
    with pytest.raises(GithubError) as failed:
        api.get(f"{REPO}/labels")
    texts += [*traceback.format_exception(failed.value), caplog.text]
    assert "***" in "".join(texts)
    assert token not in "".join(texts)


@pytest.mark.parametrize("token", ["", "two words", "line\n", "ghs_é"])
def test_what_cannot_be_a_token_is_not_sent_nor_shown(token: str) -> None:
    with pytest.raises(ForgeError) as failed:
        GithubApi("https://api.github.com", token)
    assert not token or token not in str(failed.value)


def test_a_token_goes_over_https_and_to_no_other_host(hub: Hub, api: GithubApi) -> None:
    with pytest.raises(ForgeError, match="https"):
        GithubApi("http://github.example", "ghs_x")
    real = GithubApi("https://api.github.com", "ghs_x")
    for url in ("https://evil.example/x", "http://api.github.com/x", "https://github.com/x"):
        with pytest.raises(ForgeError, match="no token is sent there"):
            real.get(url)


def test_an_asset_goes_up_and_comes_down_as_it_was(
    hub: Hub, api: GithubApi, tmp_path: Path
) -> None:
    """The bytes are at another host, which refuses a request that carries our token too."""
    file = tmp_path / "bento.tar"
    file.write_bytes(bytes(range(256)) * 20_000)
    release = api.post(f"{REPO}/releases", {"tag_name": "r-1"})
    asset = api.upload(release, file)
    api.download(asset, tmp_path / "back" / "bento.tar")
    assert (tmp_path / "back" / "bento.tar").read_bytes() == file.read_bytes()
    assert [path.name for path in (tmp_path / "back").iterdir()] == ["bento.tar"]


@pytest.mark.parametrize("carried_out", [True, False])
def test_an_upload_whose_answer_was_lost_is_there_once(
    hub: Hub, api: GithubApi, tmp_path: Path, carried_out: bool
) -> None:
    file = tmp_path / "bento.tar"
    file.write_bytes(b"bytes")
    release = api.post(f"{REPO}/releases", {"tag_name": "r-1"})
    hub.fail_next("POST", "/assets", 502, carried_out=carried_out)
    asset = api.upload(release, file)
    assert api.upload(release, file) == asset
    assert hub.releases[release["id"]]["assets"] == [asset]


def test_an_upload_that_was_cut_short_is_replaced(hub: Hub, api: GithubApi, tmp_path: Path) -> None:
    file = tmp_path / "bento.tar"
    file.write_bytes(b"bytes")
    release = api.post(f"{REPO}/releases", {"tag_name": "r-1"})
    make_asset(hub, hub.releases[release["id"]], "bento.tar", b"by", state="starter")
    asset = api.upload(release, file)
    assert (asset["state"], hub.bytes[asset["id"]]) == ("uploaded", b"bytes")
    assert hub.releases[release["id"]]["assets"] == [asset]


def test_an_asset_of_other_bytes_is_not_replaced(hub: Hub, api: GithubApi, tmp_path: Path) -> None:
    file = tmp_path / "bento.tar"
    file.write_bytes(b"bytes")
    release = api.post(f"{REPO}/releases", {"tag_name": "r-1"})
    api.upload(release, file)
    file.write_bytes(b"other bytes")
    with pytest.raises(GithubError, match=r"5 bytes, .*; expected 11 bytes"):
        api.upload(release, file)
    file.write_bytes(b"bytez")
    with pytest.raises(GithubError, match="sha256"):
        api.upload(release, file)


def test_a_download_that_breaks_leaves_nothing_and_is_repeated(
    hub: Hub, api: GithubApi, tmp_path: Path
) -> None:
    file, back = tmp_path / "bento.tar", tmp_path / "back"
    file.write_bytes(b"bytes")
    asset = api.upload(api.post(f"{REPO}/releases", {"tag_name": "r-1"}), file)
    hub.fail_next("GET", "/storage", 503, times=2)
    api.download(asset, back / "bento.tar")
    assert (back / "bento.tar").read_bytes() == b"bytes"
    hub.bytes[asset["id"]] = b"by"
    with pytest.raises(GithubError, match="2 of 5 bytes"):
        api.download(asset, back / "again.tar")
    assert [path.name for path in back.iterdir()] == ["bento.tar"]
