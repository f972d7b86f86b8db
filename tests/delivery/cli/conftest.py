"""The command line in a checkout, and commands that end as a test says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from click.testing import CliRunner, Result

from delivery.cli import options
from delivery.cli.main import cli
from tests.origin import Origin


@dataclass(frozen=True)
class CommandLine:
    """`delivery …` in the checkout of `origin`."""

    origin: Origin
    monkeypatch: pytest.MonkeyPatch

    def __call__(self, *arguments: str) -> Result:
        return CliRunner().invoke(cli, arguments)

    def json(self, *arguments: str) -> Any:
        """What --json prints."""
        return json.loads(self(*arguments, "--json").stdout)

    def returns(self, command: str, result: Any) -> list[tuple[Any, ...]]:
        """Let `command`, a function by its path, return `result`; the calls that it gets."""
        calls: list[tuple[Any, ...]] = []

        def stub(*arguments: Any, **named: Any) -> Any:
            calls.append((*arguments[1:], named))  # the first is the checkout
            return result

        self.monkeypatch.setattr(f"delivery.commands.{command}", stub)
        return calls


@pytest.fixture
def delivery(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    monkeypatch.chdir(origin.path)
    monkeypatch.setattr(options, "require_own_checkout", lambda _: None)  # it holds no code
    (origin.path / ".git" / "info").mkdir(exist_ok=True)
    (origin.path / ".git" / "info" / "exclude").write_text(".delivery/\n")  # as the template's
    return CommandLine(origin, monkeypatch)
