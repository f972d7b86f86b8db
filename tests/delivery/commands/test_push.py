"""Bytes are stored only for a dvc.lock that is in step with its checkout."""

from __future__ import annotations

import pytest

from delivery.commands import push as command
from delivery.commands.push import push
from delivery.context import Context
from delivery.errors import InputError
from tests.origin import Origin


class Store:
    """Keeps the commit that it is asked about."""

    commit = ""

    def push(self, commit: str) -> str:
        self.commit = commit
        return "s3://models"


@pytest.fixture
def store(origin: Origin) -> Store:
    return Store()


def context(origin: Origin, store: Store) -> Context:
    made = Context(origin.path, lambda _: None)
    vars(made)["store"] = store
    return made


def test_what_the_lock_names_is_stored(
    origin: Origin, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "require_in_step", lambda _: None)
    assert push(context(origin, store)).store == "s3://models"
    assert store.commit == origin.git("rev-parse", "origin/main")


def test_a_checkout_without_a_lock_stores_nothing(origin: Origin, store: Store) -> None:
    with pytest.raises(InputError, match="dvc"):
        push(context(origin, store))
    assert store.commit == ""
