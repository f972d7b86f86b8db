"""`delivery status` shows each environment, and holds where something differs."""

from __future__ import annotations

import pytest

from delivery.cli import status as module
from delivery.errors import HeldError
from tests.delivery.cli.conftest import CommandLine
from tests.delivery.cli.shown import ONE


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
