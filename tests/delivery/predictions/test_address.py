"""One reader for log folders and stores."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery.errors import StoreError
from delivery.predictions.address import place_of
from tests.delivery.predictions.places import MADE, asked, found


@pytest.mark.parametrize("kind", MADE)
def test_lines_come_back(tmp_path: Path, kind: str) -> None:
    place = MADE[kind](tmp_path, predictions=[[asked("a", "x")], [asked("b", "y")]])
    assert sorted(line["request_id"] for line in found(place)) == ["a", "b"]


def test_an_unknown_address_is_an_error_of_ours() -> None:
    with pytest.raises(StoreError, match="nonsense"):
        place_of("nonsense://x")
