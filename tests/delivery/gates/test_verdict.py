"""Verdicts: which of them block, and what an override changes."""

from __future__ import annotations

import pytest

from delivery.gates.verdict import Status, Verdict, blocking, listed, overridden

WHY = "the outage costs more than 40 ms"


def verdict(gate: str, status: Status) -> Verdict:
    return Verdict(gate, status, "m", "r", "w")


@pytest.mark.parametrize(
    ("status", "blocks"),
    [("pass", False), ("fail", True), ("hold", True), ("not checked", False)],
)
def test_harm_and_missing_evidence_block_and_a_reason_lets_them_pass(
    status: Status, blocks: bool
) -> None:
    found = (verdict("load", status),)
    assert bool(blocking(found)) is blocks
    excused = overridden(found, {"load": WHY})
    assert blocking(excused) == ()
    assert excused[0].override == (WHY if blocks else "")
    assert excused[0].status == status


def test_a_reason_is_for_its_gate_alone_and_order_stays() -> None:
    found = (verdict("load", "fail"), verdict("data", "hold"), verdict("smoke", "pass"))
    after = overridden(found, {"load": WHY, "smoke": WHY})
    assert [v.gate for v in after] == ["load", "data", "smoke"]
    assert [v.override for v in after] == [WHY, "", ""]
    assert blocking(after) == (found[1],)


def test_it_is_json_that_gives_the_verdict_back() -> None:
    found = Verdict("load", "hold", "m", "r", "w", {"p95": 3}, WHY)
    assert Verdict(**found.to_json()) == found


@pytest.mark.parametrize(
    ("count", "text"), [(0, ""), (1, "0"), (2, "0; 1"), (3, "0; 1 and 1 more")]
)
def test_the_first_problems_are_listed_and_the_rest_counted(count: int, text: str) -> None:
    assert listed([str(n) for n in range(count)], shown=2) == text


def test_details_are_json_whatever_was_measured() -> None:
    """A gate that holds for want of a number has none to tell, and its report is written."""
    nothing = float("nan"), float("inf"), -float("inf")
    found = Verdict("load", "hold", "m", "r", "w", {"a": nothing[0], "b": {"c": [1.5, *nothing]}})
    assert found.to_json()["details"] == {"a": None, "b": {"c": [1.5, None, None, None]}}
