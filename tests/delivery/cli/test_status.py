"""`delivery status` shows each environment, and holds where something differs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.console import Console

from delivery.cli import status as module
from delivery.commands.status import EnvironmentStatus, StatusResult
from delivery.deployment.rollouts.view import RolloutView
from delivery.errors import HeldError
from tests.delivery.cli.conftest import CommandLine
from tests.delivery.cli.shown import ONE, TWO


def test_an_empty_checkout_is_in_order(delivery: CommandLine) -> None:
    run = delivery("status")
    assert run.exit_code == 0
    assert [row["state"] for row in delivery.json("status")] == ["idle", "idle"]


def test_a_difference_is_named_with_its_cure(delivery: CommandLine) -> None:
    delivery.origin.want("staging", ONE)
    run = delivery("status")
    assert isinstance(run.exception, HeldError)
    assert f"staging: {ONE} is merged: `delivery deploy staging`" in str(run.exception)


def test_watching_shows_it_again_and_again(
    delivery: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []

    def again(result: object) -> list[str]:
        looks.append(result)
        if len(looks) > 2:
            raise KeyboardInterrupt
        return []

    monkeypatch.setattr(module, "INTERVAL", 0.0)
    monkeypatch.setattr(module, "status_lines", again)
    run = delivery("status", "--watch")
    assert (run.exit_code, len(looks)) == (0, 3)


def test_watching_draws_what_rolls_out() -> None:
    """With bars, where one look says it in a sentence."""
    seen = RolloutView(TWO, ONE, 25, 2, 3, True, (75, 225), 50, "wait: w", 4.5, 225)
    row = EnvironmentStatus("production", "", TWO, "rolling", ONE, "", "", "", rollout=seen)
    console = Console(width=120)
    with console.capture() as capture:
        console.print(*module.pictures(StatusResult((row, replace(row, rollout=None)))))
    assert capture.get().count("production") == 1
    assert capture.get().count("\N{FULL BLOCK}") == 10
    assert module.status_lines(StatusResult((row,))) == []
