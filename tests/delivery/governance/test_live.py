"""A repository on GitHub: its facts, and what is said where a token may not look."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from delivery.errors import InputError
from delivery.github.access import access
from delivery.github.errors import GithubError
from delivery.governance.billing import Plan
from delivery.governance.desired import Facts
from delivery.governance.files import APP_ID
from delivery.governance.live import Site, rights
from delivery.governance.plan import Item
from tests.github.governing import Governed, governed
from tests.origin import Origin


@pytest.fixture
def world(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> Iterator[Governed]:
    with governed(origin, monkeypatch) as made:
        yield made


def site(world: Governed) -> Site:
    return Site(access(world.context.surroundings.github))


def test_writers_are_those_who_may_push(world: Governed) -> None:
    assert site(world).facts == Facts(None, ("ada", "grace"))
    world.with_app()
    assert site(world).facts == Facts(world.hub.app_id, ("ada", "grace"))


def test_an_app_that_is_no_number_is_named(world: Governed) -> None:
    world.hub.variables[APP_ID] = "my-app"
    with pytest.raises(InputError, match=f"variable {APP_ID} is 'my-app'"):
        _ = site(world).facts


def test_what_is_missing_is_to_be_created_and_then_the_same(world: Governed) -> None:
    item = Item("label", "candidate", {"color": "bfd4f2", "description": "A candidate"})
    assert [row.state for row in site(world).rows([item])] == ["create"]
    site(world).put(item)
    assert [row.state for row in site(world).rows([item])] == ["same"]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_token_without_the_right_is_told_which_it_needs(status: int) -> None:
    with (
        pytest.raises(InputError, match=r"^refused\. It takes a token .* the scope `repo`"),
        rights(),
    ):
        raise GithubError("refused. More.", status=status)


@pytest.mark.parametrize(
    ("subscribed", "plan"),
    [("public", Plan.PUBLIC), ("free", Plan.FREE), ("team", Plan.PAID)],
)
def test_the_plan_is_told_by_what_is_refused(world: Governed, subscribed: Any, plan: Plan) -> None:
    world.hub.subscribe(subscribed)
    assert site(world).plan is plan


def test_what_the_plan_lacks_is_left_out_unasked(world: Governed) -> None:
    world.hub.subscribe("free")
    content = {"branches": ["main"], "reviewers": [], "wait_timer": 0}
    (row,) = site(world).rows([Item("environment", "staging", content)])
    assert (row.state, "neither secrets nor rules" in row.why) == ("left out", True)


@pytest.mark.parametrize("status", [None, 422, 502])
def test_another_failure_stays_what_it_is(status: int | None) -> None:
    with pytest.raises(GithubError), rights():
        raise GithubError("failed", status=status)
