"""`delivery pending` is a list of names, for people and for jobs."""

from __future__ import annotations

from tests.delivery.cli.conftest import CommandLine
from tests.delivery.cli.shown import ONE


def test_where_nothing_is_left_it_says_so(delivery: CommandLine) -> None:
    assert delivery("pending").stdout == "nothing is left to do\n"
    assert delivery.json("pending") == []


def test_what_is_left_is_named(delivery: CommandLine) -> None:
    delivery.origin.want("staging", ONE)
    assert delivery("pending").stdout == "staging\n"
    assert delivery.json("pending") == ["staging"]
