"""`delivery monitoring` says what it wrote."""

from __future__ import annotations

from pathlib import Path

from delivery.commands.monitoring import RenderResult, TargetsResult
from tests.delivery.cli.conftest import CommandLine

RULES = "infra/monitoring/rules.yaml"


def test_what_was_written_is_named(delivery: CommandLine) -> None:
    calls = delivery.returns("monitoring.render", RenderResult((RULES,)))
    assert delivery("monitoring", "render").stdout == f"written: {RULES}\n"
    assert delivery("monitoring", "render", "--dry-run").stdout == f"would change: {RULES}\n"
    assert calls == [({"dry_run": False},), ({"dry_run": True},)]


def test_nothing_to_do_is_said(delivery: CommandLine) -> None:
    delivery.returns("monitoring.render", RenderResult(()))
    assert delivery("monitoring", "render").stdout == "written: nothing\n"


def test_addresses_are_listed_and_where_they_stand(delivery: CommandLine) -> None:
    calls = delivery.returns("monitoring.targets", TargetsResult(Path("t.json"), ("127.0.0.1:1",)))
    assert delivery("monitoring", "targets", "--out", "t.json").stdout == "t.json: 127.0.0.1:1\n"
    assert calls == [(Path("t.json"), {})]
    delivery("monitoring", "targets")
    assert calls[1][0].parts[-3:] == ("infra", "monitoring", "targets.json")


def test_where_nothing_runs_that_is_said(delivery: CommandLine) -> None:
    delivery.returns("monitoring.targets", TargetsResult(Path("t.json"), ()))
    assert "nothing runs here" in delivery("monitoring", "targets").stdout
