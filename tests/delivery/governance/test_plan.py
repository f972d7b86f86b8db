"""A thing that GitHub holds is compared by what is wanted of it, and by nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from delivery.governance.plan import Change, Item, compare

RULES = {"deletion": {}, "pull_request": {"count": 1, "stale": True, "threads": False}}
CONTENT = {
    "enforcement": "active",
    "bypass_actors": [{"actor_id": 1, "actor_type": "Team"}, {"actor_id": 2, "actor_type": "Team"}],
    "rules": RULES,
}
ITEM = Item("ruleset", "main", CONTENT)


def rules(**parameters: Any) -> dict[str, Any]:
    return {**CONTENT, "rules": RULES | {"pull_request": RULES["pull_request"] | parameters}}


def test_what_is_not_there_is_to_be_created() -> None:
    row = compare(ITEM, None)
    assert row.state == "create"
    assert {change.path: change.before for change in row.changes} == dict.fromkeys(CONTENT)


def test_the_same_is_the_same_in_any_order_and_with_keys_of_githubs_own() -> None:
    found = rules(required_reviewers=[], threads=False)
    found["bypass_actors"] = [dict(reversed(x.items())) for x in reversed(CONTENT["bypass_actors"])]
    assert compare(ITEM, found | {"node_id": "x"}).state == "same"


def test_a_switch_that_is_off_may_be_left_out() -> None:
    found = rules()
    del found["rules"]["pull_request"]["threads"]
    assert compare(ITEM, found).state == "same"


def test_a_switch_that_is_on_may_not_be_left_out() -> None:
    found = rules()
    del found["rules"]["pull_request"]["stale"]
    assert compare(ITEM, found).changes == (Change("rules.pull_request.stale", None, True),)


@pytest.mark.parametrize(
    ("found", "change"),
    [
        (rules(count=0), Change("rules.pull_request.count", 0, 1)),
        (rules(threads=True), Change("rules.pull_request.threads", True, False)),
        (CONTENT | {"enforcement": "evaluate"}, Change("enforcement", "evaluate", "active")),
        (
            CONTENT | {"rules": {"pull_request": RULES["pull_request"]}},
            Change("rules.deletion", None, {}),
        ),
        (
            CONTENT | {"rules": RULES | {"creation": {}}},
            Change("rules.creation", {}, None),
        ),
        (
            CONTENT | {"bypass_actors": []},
            Change("bypass_actors", [], CONTENT["bypass_actors"]),
        ),
    ],
)
def test_a_difference_is_named_by_its_path(found: dict[str, Any], change: Change) -> None:
    row = compare(ITEM, found)
    assert row.state == "change"
    assert row.changes == (change,)


def test_what_a_token_may_not_see_is_said_and_is_no_difference() -> None:
    found = {key: value for key, value in CONTENT.items() if key != "bypass_actors"}
    row = compare(ITEM, found)
    assert row.state == "same"
    assert row.unseen == ("bypass_actors",)
