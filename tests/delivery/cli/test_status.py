"""`delivery status` shows each environment, and holds where something differs."""

from __future__ import annotations

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
