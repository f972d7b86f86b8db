"""Which repository, and with which token."""

from __future__ import annotations

import pytest

from delivery.errors import InputError
from delivery.governance.access import access, on_github
from tests.origin import Origin

TOKEN = {"GITHUB_TOKEN": "t"}


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/octo/flights",
        "https://github.com/octo/flights.git",
        "https://x-access-token:secret@github.com/octo/flights.git",
        "git@github.com:octo/flights.git",
        "ssh://git@github.com/octo/flights",
        "ssh://git@ssh.github.com:443/octo/flights.git",
    ],
)
def test_an_origin_on_github_names_the_repository(origin: Origin, url: str) -> None:
    origin.git("remote", "set-url", "origin", url)
    assert access(origin.repository, TOKEN).slug == "octo/flights"
    assert on_github(origin.repository, {})


@pytest.mark.parametrize(
    "url", ["/srv/git/flights.git", "https://gitlab.com/a/b", "https://notgithub.com/a/b"]
)
def test_another_origin_does_not(origin: Origin, url: str) -> None:
    origin.git("remote", "set-url", "origin", url)
    assert not on_github(origin.repository, TOKEN)
    with pytest.raises(InputError, match="origin is not on GitHub"):
        access(origin.repository, TOKEN)


def test_a_server_of_ones_own_is_github_too(origin: Origin) -> None:
    origin.git("remote", "set-url", "origin", "https://github.example.com/octo/flights")
    assert on_github(origin.repository, {"GITHUB_SERVER_URL": "https://github.example.com"})


def test_actions_says_which_repository_it_is(origin: Origin) -> None:
    told = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "octo/flights", "GH_TOKEN": "t"}
    assert on_github(origin.repository, told)
    assert access(origin.repository, told).slug == "octo/flights"


def test_without_a_token_it_says_how_to_get_one(origin: Origin) -> None:
    with pytest.raises(InputError, match=r"no token for octo/flights.*gh auth token"):
        access(origin.repository, {"GITHUB_REPOSITORY": "octo/flights"})
