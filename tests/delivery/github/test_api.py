"""The REST client: it tries again where that is safe, and no message holds the token."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from typing import Any

import pytest

from delivery.errors import ForgeError
from delivery.github.api import GithubApi
from delivery.github.errors import GithubError
from tests.delivery.github.client import Clock
from tests.github.hub import Hub
from tests.github.releases import make_asset

REPO = "/repos/acme/model"


def label(api: GithubApi, name: str = "x") -> Any:
    """POST something of which there can be only one."""
    found = [label for label in api.pages(f"{REPO}/labels") if label["name"] == name]
    assert len(found) <= 1
    return found[0] if found else None


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
