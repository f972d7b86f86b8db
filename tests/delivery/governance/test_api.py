"""Each kind of thing on GitHub: what is put is found, and putting it again changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from delivery.github.errors import GithubError
from delivery.governance.api import Environments, Labels, existing, holders
from delivery.governance.main import Main
from delivery.governance.plan import Item, compare
from tests.delivery.governance.files import TEAM
from tests.github.governing import Governed, governed
from tests.origin import Origin

SLUG = "acme/model"
PATH = f"/repos/{SLUG}"


@pytest.fixture
def world(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> Iterator[Governed]:
    with governed(origin, monkeypatch) as made:
        yield made


def test_a_thing_that_is_missing_is_none_and_a_failure_is_none_of_it(world: Governed) -> None:
    api = world.context.api
    assert existing(api, f"{PATH}/labels/nothing") is None
    world.hub.fail_next("GET", "/labels/nothing", 422)
    with pytest.raises(GithubError) as failed:
        existing(api, f"{PATH}/labels/nothing")
    assert failed.value.status == 422


def test_everything_that_is_wanted_is_found_after_it_was_put(world: Governed) -> None:
    api = world.context.api
    items = Main(world.context).wanted(TEAM)
    assert {item.kind for item in items} == {"setting", "label", "environment", "ruleset"}
    for item in items:
        holders(api, SLUG)[item.kind].put(item)
    after = holders(api, SLUG)
    rows = [compare(item, after[item.kind].found(item.name)) for item in items]
    assert [row for row in rows if row.state != "same"] == []


def test_a_label_in_another_case_is_the_same_label(world: Governed) -> None:
    api = world.context.api
    api.post(f"{PATH}/labels", {"name": "Candidate", "color": "BFD4F2"})
    assert Labels(api, SLUG).found("candidate") == {"color": "BFD4F2", "description": ""}
    assert Labels(api, SLUG).found("nothing") is None


def test_a_branch_that_is_not_wanted_loses_the_environment(world: Governed) -> None:
    environments = Environments(world.context.api, SLUG)
    content = {"branches": ["main", "old"], "reviewers": [], "wait_timer": 0}
    environments.put(Item("environment", "staging", content))
    assert sorted(environments.found("staging")["branches"]) == ["main", "old"]
    environments.put(Item("environment", "staging", content | {"branches": ["main"]}))
    assert environments.found("staging")["branches"] == ["main"]


def test_an_environment_that_is_open_says_so(world: Governed) -> None:
    api = world.context.api
    api.put(f"{PATH}/environments/open", {"wait_timer": 0})
    assert Environments(api, SLUG).found("open")["branches"] == ["every branch"]
    assert Environments(api, SLUG).found("nothing") is None


def test_what_waits_is_taken_away_and_never_sent_where_there_is_nothing(world: Governed) -> None:
    """Plans that lack it refuse the keys whatever is in them."""
    environments = Environments(world.context.api, SLUG)
    item = Item("environment", "store", {"branches": ["main"], "reviewers": [], "wait_timer": 0})
    environments.put(item)
    world.hub.environments["store"]["protection_rules"].append(
        {"type": "wait_timer", "wait_timer": 30}
    )
    environments.put(item)
    found = environments.found("store")
    assert found is not None
    assert found["wait_timer"] == 0
    world.hub.subscribe("team")
    environments.put(item)
