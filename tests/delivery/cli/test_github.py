"""`delivery github` shows what differs from main's files, and what was written."""

from __future__ import annotations

from pathlib import Path

from delivery.cli.github import change_lines
from delivery.commands.github.app import AppResult, ManifestResult
from delivery.commands.github.settings import ApplyResult, OwnResult
from delivery.governance.plan import Change, Item, Row
from tests.delivery.cli.conftest import CommandLine


def result(*rows: Row) -> ApplyResult:
    return ApplyResult("acme/models", rows, ("no GitHub App",))


def test_nothing_different_is_nothing_to_do(delivery: CommandLine) -> None:
    delivery.returns("github.settings.apply", result())
    lines = delivery("github", "apply").stdout
    assert "note: no GitHub App" in lines
    assert "acme/models: nothing to do" in lines


def test_a_change_is_a_line_with_before_and_after() -> None:
    item = Item("ruleset", "main", {})
    row = Row(item, "change", (Change("enforcement", None, "active"),))
    same = Row(item, "same", (Change("name", "a", "b"),))
    assert change_lines(result(row, same)) == ['main: enforcement: nothing → "active"']


def test_owners_are_written_or_there(delivery: CommandLine) -> None:
    delivery.returns("github.settings.own", OwnResult(True))
    assert "written: commit and merge them" in delivery("github", "own", "@ada").stdout
    delivery.returns("github.settings.own", OwnResult(False))
    assert "as they must be" in delivery("github", "own", "@ada").stdout
    assert delivery.json("github", "own", "@ada") == {"changed": False}


def test_the_app_is_clicks_first_and_commands_afterwards(
    delivery: CommandLine, tmp_path: Path
) -> None:
    delivery.returns("github.app.propose", ManifestResult({"name": "it"}, tmp_path / "a.html"))
    assert f"Open {tmp_path / 'a.html'}" in delivery("github", "app").stdout
    received = AppResult(7, "it", "https://x/apps/it/installations/new", tmp_path / "k", ("store",))
    calls = delivery.returns("github.app.receive", received)
    lines = delivery("github", "app", "--code", "abc").stdout
    assert f"gh secret set DELIVERY_APP_KEY --env store < {tmp_path / 'k'}\n" in lines
    assert "this repository alone: https://x/apps/it/installations/new" in lines
    assert calls == [("abc", {})]
