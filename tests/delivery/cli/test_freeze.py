"""`delivery freeze` says whether an environment takes promotions now, and why not."""

from __future__ import annotations

from delivery.errors import InputError
from tests.delivery.cli.conftest import CommandLine


def test_it_is_frozen_and_thawed(delivery: CommandLine) -> None:
    line = delivery("freeze", "staging", "--reason", "an audit").stdout
    assert line.startswith("staging is frozen: ")
    assert line.endswith("an audit\n")
    assert "staging is frozen: " in delivery("status").stdout
    thawed = delivery("freeze", "staging", "--lift", "--reason", "it is over").stdout
    assert thawed == "staging takes promotions\n"
    assert "frozen" not in delivery("status").stdout


def test_json_says_why(delivery: CommandLine) -> None:
    assert "an audit" in delivery.json("freeze", "staging", "--reason", "an audit")["why"]


def test_to_lift_it_wants_a_reason_as_well(delivery: CommandLine) -> None:
    assert isinstance(delivery("freeze", "staging", "--lift").exception, InputError)
