"""A repository on the tests' GitHub, governed by the template's files."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.github.governing import Governed, governed
from tests.origin import Origin


@pytest.fixture
def world(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> Iterator[Governed]:
    with governed(origin, monkeypatch) as made:
        yield made
