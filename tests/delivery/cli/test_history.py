"""`delivery history` is a line an attempt, newest first."""

from __future__ import annotations

import re

from tests.delivery.cli.conftest import CommandLine
from tests.delivery.cli.shown import ONE


def test_an_attempt_is_a_line_with_its_events(delivery: CommandLine) -> None:
    attempt = delivery.origin.want("staging", ONE)
    delivery.origin.happened("staging", attempt, "deployed", ONE)
    text = " ".join(delivery("history", "staging").stdout.split())
    assert ONE in text
    assert re.search(r"deployed; \d+ s; by tester$", text)
    [row] = delivery.json("history")
    assert (row["environment"], row["events"]) == ("staging", ["deployed"])


def test_what_was_rejected_is_a_line_that_says_why(delivery: CommandLine) -> None:
    delivery.origin.push({"infra/environments/staging/desired.yaml": "nonsense"})
    lines = " ".join(delivery("history", "staging").stdout.split())
    assert "rejected" in lines
    assert "malformed" in lines


def test_figures_come_with_their_definitions(delivery: CommandLine) -> None:
    text = delivery("history", "staging", "--figures").output
    assert "lead_time_s: unknown (median of the time from the commit" in text
    assert delivery.json("history", "--figures")["deployments_per_week"] == 0.0
