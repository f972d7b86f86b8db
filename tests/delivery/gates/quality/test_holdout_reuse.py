"""Many models on one holdout wear it out."""

from __future__ import annotations

import pytest

from delivery.gates.quality.holdout_reuse import Evidence, Policy, judge

POLICY = Policy()


@pytest.mark.parametrize(("beyond", "status"), [(-1, "pass"), (0, "pass"), (1, "hold")])
def test_it_holds_past_the_limit(beyond: int, status: str) -> None:
    assert judge(Evidence(POLICY.limit + beyond), POLICY).status == status


def test_the_limit_is_a_setting() -> None:
    assert judge(Evidence(6), Policy(limit=6)).status == "pass"
    assert judge(Evidence(2), Policy(limit=1)).status == "hold"


def test_what_was_not_counted_passes_and_says_so() -> None:
    verdict = judge(Evidence(2, uncounted="403"), POLICY)
    assert verdict.status == "pass"
    assert "not counted here" in verdict.why
    assert verdict.details["counted"] is False


def test_past_the_limit_it_holds_even_where_nothing_can_be_written() -> None:
    assert judge(Evidence(POLICY.limit + 1, uncounted="403"), POLICY).status == "hold"


def test_looks_that_nobody_could_count_hold_and_say_why() -> None:
    verdict = judge(Evidence(None, "no holdout"), POLICY)
    assert (verdict.status, verdict.why) == ("hold", "no holdout")
