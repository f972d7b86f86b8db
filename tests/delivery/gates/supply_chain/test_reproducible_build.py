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


def test_files_that_differ_are_named_and_the_report_has_all() -> None:
    many = {f"file-{number}": "1" for number in range(9)}
    verdict = judge(Evidence(many | {"same": "1"}, dict.fromkeys(many, "2") | {"same": "1"}))
    assert verdict.measured == "9 of 10 files differ"
    assert verdict.why.startswith("file-0, file-1")
    assert verdict.details["differ"] == sorted(many)
