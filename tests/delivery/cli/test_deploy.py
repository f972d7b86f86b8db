"""`delivery deploy` shows verdicts and what follows, and its exit code says how it ended."""

from __future__ import annotations

import pytest

from delivery.deployment.advance import PromoteResult
from delivery.deployment.outcome import Outcome
from delivery.deployment.transition import Step
from delivery.errors import HeldError, RefusedError
from delivery.events.event import State
from tests.delivery.cli.conftest import CommandLine
from tests.delivery.cli.shown import ONE, PULL, verdict


def ended(state: State, **fields: object) -> Outcome:
    tick = Step("staging", ONE, state, "verified", (verdict("pass"),))
    return Outcome(tick, (tick,), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "error"),
    [
        (State.VERIFIED, None),
        (State.REJECTED, RefusedError),
        (State.INCONCLUSIVE, HeldError),
    ],
)
def test_the_end_decides_the_exit_code(
    delivery: CommandLine, state: State, error: type | None
) -> None:
    delivery.returns("deploy.deploy", ended(state))
    run = delivery("deploy", "staging")
    assert (type(run.exception) if run.exception else None) is error
    assert f"staging: {ONE} {state.value}" in run.stdout
    assert "load" in run.stdout


def test_what_follows_is_shown(delivery: CommandLine) -> None:
    following = PromoteResult("production", ONE, None, PULL)
    delivery.returns("deploy.deploy", ended(State.VERIFIED, next=following, held="a reason"))
    lines = delivery("deploy", "staging").stdout
    assert "pull request #7 open: A title" in lines
    assert "not proposed further: a reason" in lines


def test_making_way_is_no_failure(delivery: CommandLine) -> None:
    delivery.returns("deploy.deploy", ended(State.ANALYSING, made_way=True))
    run = delivery("deploy", "staging")
    assert run.exit_code == 0
    assert "makes way for a rollback" in run.stdout


def test_the_budget_is_passed_on(delivery: CommandLine) -> None:
    calls = delivery.returns("deploy.deploy", ended(State.VERIFIED))
    delivery("deploy", "staging", "--budget", "5")
    assert calls == [("staging", {"budget": 5.0})]


def test_a_dry_run_plans_and_does_nothing(delivery: CommandLine) -> None:
    run = delivery("deploy", "staging", "--dry-run")
    assert run.exit_code == 0
    assert run.stdout.startswith("staging: none is ")
