"""`delivery history` is a line an attempt, newest first."""

from __future__ import annotations

from tests.delivery.cli.conftest import CommandLine
from tests.delivery.cli.shown import ONE


def test_an_attempt_is_a_line_with_its_events(delivery: CommandLine) -> None:
    attempt = delivery.origin.want("staging", ONE)
    delivery.origin.happened("staging", attempt, "deployed", ONE)
    lines = delivery("history", "staging").stdout.splitlines()
    assert len(lines) == 2
    assert ONE in lines[1]
    assert lines[1].rstrip().endswith("deployed")
    [row] = delivery.json("history")
    assert (row["environment"], row["events"]) == ("staging", ["deployed"])


def test_what_was_rejected_is_a_line_that_says_why(delivery: CommandLine) -> None:
    delivery.origin.push({"infra/environments/staging/desired.yaml": "nonsense"})
    lines = " ".join(delivery("history", "staging").stdout.split())
    assert "rejected" in lines
    assert "malformed" in lines
