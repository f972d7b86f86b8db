"""Settings are written; what the organisation forbids is left out, and the rest is not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from delivery.governance.plan import Item
from delivery.governance.switches import LeftOutError, Switches
from tests.github.governing import Governed, governed
from tests.origin import Origin

WANTED = {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": True}
ITEM = Item("setting", "workflows", WANTED)


@pytest.fixture
def world(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> Iterator[Governed]:
    with governed(origin, monkeypatch) as made:
        yield made


def test_what_is_put_is_found(world: Governed) -> None:
    switches = Switches(world.context.api, world.hub.slug)
    switches.put(ITEM)
    assert switches.found("workflows") == WANTED
    switches.put(Item("setting", "repository", {"delete_branch_on_merge": True}))
    assert (switches.found("repository") or {})["delete_branch_on_merge"] is True


def test_what_the_organisation_forbids_is_left_out_alone(world: Governed) -> None:
    world.hub.forbids_pulls = True
    world.hub.workflow_defaults["default_workflow_permissions"] = "write"
    switches = Switches(world.context.api, world.hub.slug)
    with pytest.raises(LeftOutError, match=r"organisation forbids.*Settings → Actions → General"):
        switches.put(ITEM)
    assert switches.found("workflows") == WANTED | {"can_approve_pull_request_reviews": False}
