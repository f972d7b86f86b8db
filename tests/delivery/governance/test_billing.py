"""What each plan lacks."""

from __future__ import annotations

from delivery.governance.billing import Plan, lacks


def test_a_plan_lacks_what_is_paid_for_and_nothing_else() -> None:
    kinds = ("setting", "label", "environment", "ruleset")
    assert {kind for kind in kinds if lacks(Plan.FREE, kind)} == {"environment", "ruleset"}
    for plan in (Plan.PUBLIC, Plan.PAID):
        assert not any(lacks(plan, kind) for kind in kinds)
