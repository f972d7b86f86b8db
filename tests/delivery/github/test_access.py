"""Which repository on GitHub, and with which token."""

from __future__ import annotations

from dataclasses import replace

import pytest

from delivery.errors import InputError
from delivery.github.access import access
from delivery.settings.host import GitHub

GITHUB = GitHub("acme/model", "https://github.com", "https://api.github.com", "t", is_app=False)


def test_the_surroundings_name_the_repository() -> None:
    assert access(GITHUB).slug == "acme/model"


def test_another_origin_is_told_how_to_come_to_github() -> None:
    with pytest.raises(InputError, match=r"origin is not on GitHub.*git remote set-url"):
        access(None)


def test_without_a_token_it_says_how_to_get_one() -> None:
    with pytest.raises(InputError, match=r"no token for acme/model.*gh auth token"):
        access(replace(GITHUB, token=""))
