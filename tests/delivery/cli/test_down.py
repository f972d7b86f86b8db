"""`delivery down` names what it stopped."""

from __future__ import annotations

from delivery.commands.down import DownResult
from tests.delivery.cli.conftest import CommandLine


def test_each_environment_is_a_line(delivery: CommandLine) -> None:
    calls = delivery.returns("down.down", DownResult(("staging", "production")))
    assert delivery("down").stdout == "staging: stopped\nproduction: stopped\n"
    assert delivery.json("down", "staging") == {
        "stopped": ["staging", "production"],
        "orphans": [],
    }
    assert calls == [(None, {}), ("staging", {})]
