"""`delivery accept` says who took which risk, and what comes next."""

from __future__ import annotations

from delivery.commands.accept import AcceptResult
from delivery.errors import HeldError
from tests.delivery.cli.conftest import CommandLine
from tests.delivery.cli.shown import ONE

MISSED = "inconclusive at the ceiling, could have missed ≤ 0.80%: 300 requests are missing"


def test_it_names_the_risk_and_the_next_command(delivery: CommandLine) -> None:
    delivery.returns("accept.accept", AcceptResult("staging", ONE, "ann@laptop", MISSED))
    shown = delivery("accept", "staging", "--reason", "a holiday").stdout
    assert shown.splitlines() == [
        f"ann@laptop accepted {ONE} in staging. Its rollout was {MISSED}",
        "`delivery deploy staging` gives it the traffic.",
    ]


def test_where_nothing_is_inconclusive_it_is_held(delivery: CommandLine) -> None:
    run = delivery("accept", "staging", "--reason", "a holiday")
    assert isinstance(run.exception, HeldError)
