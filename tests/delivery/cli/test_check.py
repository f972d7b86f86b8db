"""`delivery check` names the environments that HEAD changes."""

from __future__ import annotations

from delivery.commands.check import CheckResult
from tests.delivery.cli.conftest import CommandLine


def test_a_change_of_nothing_says_so(delivery: CommandLine) -> None:
    assert delivery("check").stdout == "no environment changed, as delivery proposed\n"


def test_what_is_changed_is_named(delivery: CommandLine) -> None:
    delivery.returns("check.check", CheckResult(("staging",)))
    assert "staging changed, as delivery proposed" in delivery("check").stdout
    assert delivery.json("check")["environments"] == ["staging"]
