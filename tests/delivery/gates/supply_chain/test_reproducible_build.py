"""Two builds of one commit."""

from __future__ import annotations

import pytest

from delivery.gates.supply_chain.reproducible_build import Evidence, judge


@pytest.mark.parametrize(
    ("second", "status"),
    [({"a": "1"}, "pass"), ({"a": "2"}, "fail"), ({}, "fail"), ({"a": "1", "b": "2"}, "fail"),
     (None, "hold")],
)  # fmt: skip
def test_two_builds_are_the_same_or_not(second: dict[str, str] | None, status: str) -> None:
    verdict = judge(Evidence({"a": "1"}, second))
    assert verdict.status == status


@pytest.mark.parametrize("second", [None, {}, {"a": "1"}])
def test_a_first_build_without_files_proves_nothing(second: dict[str, str] | None) -> None:
    assert judge(Evidence({}, second)).status == "hold"
