"""`delivery inspect` shows findings and lineage, and refuses what is not in order."""

from __future__ import annotations

from delivery.commands.inspect import Finding, InspectResult
from delivery.errors import RefusedError
from tests.delivery.cli.conftest import CommandLine
from tests.delivery.cli.shown import ONE


def inspected(ok: bool) -> InspectResult:
    finding = Finding("bento", ok, "2 files")
    return InspectResult(ONE, (finding,), (("data", "0" * 8),), (("staging", "verified"),))


def test_a_release_in_order_shows_where_it_comes_from(delivery: CommandLine) -> None:
    calls = delivery.returns("inspect.inspect", inspected(True))
    run = delivery("inspect", ONE, "--offline")
    assert run.exit_code == 0
    assert [word in run.stdout for word in ("2 files", "00000000", "verified")] == [True] * 3
    assert calls == [(ONE, {"offline": True, "image": ""})]


def test_what_is_not_in_order_is_refused_by_name(delivery: CommandLine) -> None:
    delivery.returns("inspect.inspect", inspected(False))
    run = delivery("inspect", ONE)
    assert isinstance(run.exception, RefusedError)
    assert "bento: 2 files" in str(run.exception)
