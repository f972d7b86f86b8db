"""`delivery watch` takes an environment and how often to look."""

from __future__ import annotations

import pytest

from delivery.commands.watch import Look
from tests.delivery.cli.conftest import CommandLine


def test_it_watches_one_environment(delivery: CommandLine) -> None:
    watched = delivery.returns("watch.watch", None)
    deployed = delivery.returns("deploy.deploy", None)
    assert delivery("watch", "production", "--interval", "5").exit_code == 0
    ((environment, look, options),) = watched
    assert (environment, options) == ("production", {"interval": 5.0})
    look()
    assert deployed == [("production", {"budget": 600.0})]


@pytest.mark.parametrize("wrong", ["0", "-1", "often"])
def test_an_interval_is_a_second_or_more(wrong: str, delivery: CommandLine) -> None:
    calls = delivery.returns("watch.watch", None)
    assert delivery("watch", "production", "--interval", wrong).exit_code == 2
    assert not calls


def test_a_probe_only_asks(delivery: CommandLine) -> None:
    watched = delivery.returns("watch.watch", None)
    asked = delivery.returns("watch.alive", Look("production", 0.0, "", "gone", 1, 60.0))
    shown = delivery("watch", "production", "--alive")
    assert (shown.exit_code, shown.stdout) == (0, "production: gone\n")
    assert (asked, watched) == ([("production", {})], [])
