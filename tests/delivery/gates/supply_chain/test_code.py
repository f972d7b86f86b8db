"""Findings of the scanner for code."""

from __future__ import annotations

import pytest

from delivery.gates.supply_chain import code


@pytest.mark.parametrize(
    ("found", "status"), [((), "pass"), (("a.py:1 x [B1]",), "fail"), (None, "hold")]
)
def test_anything_that_was_found_fails(found: tuple[str, ...] | None, status: str) -> None:
    verdict = code.judge(code.Evidence(found, "no tool"))
    assert verdict.status == status
    assert ("a.py:1 x [B1]" in verdict.why) == (status == "fail")


def test_many_findings_are_counted_and_a_few_are_named() -> None:
    verdict = code.judge(code.Evidence([f"a.py:{n} x" for n in range(7)]))
    assert verdict.measured == "7 found"
    assert verdict.why.endswith("a.py:4 x and 2 more")
