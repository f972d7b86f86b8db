"""`delivery hold` says who holds an environment and why, and that it is free again."""

from __future__ import annotations

from delivery.errors import HeldError, InputError
from tests.delivery.cli.conftest import CommandLine


def test_it_is_held_and_freed(delivery: CommandLine) -> None:
    line = delivery("hold", "staging", "--reason", "an incident").stdout
    assert line.startswith("staging is held by ")
    assert "an incident" in line
    assert isinstance(delivery("deploy", "staging").exception, HeldError)
    assert "HELD: staging is held by" in str(delivery("status").exception)
    assert delivery("hold", "staging", "--lift").stdout == "staging is free\n"
    assert delivery("hold", "staging", "--lift").stdout == "staging is free, and was not held\n"
    assert delivery("deploy", "staging").exit_code == 0


def test_both_at_once_is_no_order(delivery: CommandLine) -> None:
    run = delivery("hold", "staging", "--lift", "--reason", "an incident")
    assert isinstance(run.exception, InputError)


def test_json_has_the_hold(delivery: CommandLine) -> None:
    shown = delivery.json("hold", "staging", "--reason", "an incident")
    assert shown["hold"]["why"] == "an incident"
