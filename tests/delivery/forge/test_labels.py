"""Labels are made where they are missing, and never twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from delivery.forge.labels import Labels
from delivery.github.api import GithubApi
from tests.github.hub import Hub

ADA = Hub.person("ada", "write")


@pytest.fixture
def pull(hub: Hub, branch: Callable[..., str]) -> int:
    branch("one")
    return hub.open_pull(ADA, "one", "One")


def test_a_label_that_is_missing_is_made_once(
    hub: Hub, api: GithubApi, branch: Callable[..., str], pull: int
) -> None:
    branch("two")
    second = hub.open_pull(ADA, "two", "Two")
    for number in (pull, second):
        assert Labels(api, hub.slug).add(number, (), ("promotion:staging",)) == (
            "promotion:staging",
        )
    assert list(hub.labels) == ["promotion:staging"]
    assert hub.labels["promotion:staging"]["color"] == "0e8a16"
    assert hub.requests.count(("POST", f"/repos/{hub.slug}/labels")) == 1


def test_labels_that_a_pull_request_has_are_asked_for_by_nobody(
    hub: Hub, api: GithubApi, pull: int
) -> None:
    labels = Labels(api, hub.slug)
    assert labels.add(pull, (), ("mine",)) == ("mine",)
    hub.requests.clear()
    assert labels.add(pull, ("mine",), ("mine",)) == ("mine",)
    assert hub.requests == []
    assert labels.add(pull, ("mine",), ("mine", "yours")) == ("mine", "yours")
