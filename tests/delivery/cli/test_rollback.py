"""`delivery rollback` says what answers now, and deploys what merged by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from delivery.commands.rollback import RollbackResult
from delivery.deployment.outcome import Outcome
from delivery.deployment.transition import Step
from delivery.events.event import State
from tests.delivery.cli.conftest import CommandLine
from tests.delivery.cli.shown import ONE, PULL, TWO

RESULT = RollbackResult("staging", TWO, ONE, 0.25, PULL)
MERGED = replace(PULL, state="merged")


@pytest.fixture
def deployed(delivery: CommandLine) -> list[tuple[object, ...]]:
    tick = Step("staging", ONE, State.VERIFIED, "verified")
    return delivery.returns("deploy.deploy", Outcome(tick, (tick,)))


@pytest.mark.parametrize(
    ("result", "deploys", "line"),
    [
        (RESULT, 0, "the previous release answered after 0.25 s"),
        (replace(RESULT, pull=MERGED), 1, f"staging: {ONE} verified"),
        (
            replace(RESULT, pull=None, already=True),
            1,
            f"staging: rolled back from {TWO} to {ONE} already",
        ),
    ],
)
def test_a_rollback_that_is_merged_is_deployed(
    delivery: CommandLine,
    deployed: list[tuple[object, ...]],
    result: RollbackResult,
    deploys: int,
    line: str,
) -> None:
    delivery.returns("rollback.rollback", result)
    assert line in delivery("rollback", "staging", "--reason", "complaints").stdout
    assert len(deployed) == deploys


def test_a_dry_run_deploys_nothing(
    delivery: CommandLine, deployed: list[tuple[object, ...]]
) -> None:
    calls = delivery.returns("rollback.rollback", replace(RESULT, pull=MERGED))
    assert delivery("rollback", "staging", "--dry-run").stdout == f"staging: {TWO} → {ONE}\n"
    assert calls == [("staging", {"reason": "", "dry_run": True, "close": False})]
    assert deployed == []


def test_a_closed_route_is_said(delivery: CommandLine, deployed: list[tuple[object, ...]]) -> None:
    closed = replace(RESULT, release="none", closes=True)
    calls = delivery.returns("rollback.rollback", closed)
    lines = delivery("rollback", "staging", "--close", "--reason", "it leaks").stdout
    assert "the route was closed after 0.25 s" in lines
    assert calls == [("staging", {"reason": "it leaks", "dry_run": False, "close": True})]


def test_without_origin_nothing_is_deployed_and_the_next_step_is_named(
    delivery: CommandLine, deployed: list[tuple[object, ...]]
) -> None:
    calls = delivery.returns("rollback.rollback_offline", replace(RESULT, pull=None))
    lines = delivery("rollback", "staging", "--offline", "--reason", "complaints").stdout
    assert "the previous release answered after 0.25 s" in lines
    assert "origin is told by `delivery deploy staging`" in lines
    assert calls == [("staging", {"reason": "complaints", "dry_run": False, "close": False})]
    assert deployed == []
