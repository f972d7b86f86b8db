"""What is settled is what has traffic, and what was kept beside that same route."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery.targets.local.settlement import Settlement


@pytest.fixture
def settlement(tmp_path: Path) -> Settlement:
    return Settlement(tmp_path / "settled.json")


def test_without_a_settlement_only_what_has_traffic_is(settlement: Settlement) -> None:
    assert settlement.read({"r-one": 100}) == {"r-one"}
    assert settlement.read({}) == set()


def test_what_was_kept_beside_the_route_is(settlement: Settlement) -> None:
    settlement.write({"r-two", "r-one"}, {"r-two": 100})
    assert settlement.read({"r-two": 100}) == {"r-one", "r-two"}


def test_what_a_rollback_left_is_not(settlement: Settlement) -> None:
    settlement.write({"r-two", "r-one"}, {"r-two": 100})
    assert settlement.read({"r-one": 100}) == {"r-one"}


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"kept": 7, "route": {"r-one": 100}}'])
def test_one_that_cannot_be_read_is_none(settlement: Settlement, content: str) -> None:
    settlement.file.write_text(content)
    assert settlement.read({"r-one": 100}) == {"r-one"}


def test_it_is_forgotten(settlement: Settlement) -> None:
    settlement.write({"r-one"}, {})
    for _ in range(2):
        settlement.forget()
    assert settlement.read({}) == set()
