"""`delivery gate` shows the verdicts and where the report is, then exits by them."""

from __future__ import annotations

import pytest

from delivery.commands.gate import GateResult
from delivery.errors import HeldError, InputError, RefusedError
from delivery.gates.verdict import Status
from tests.delivery.cli.conftest import CommandLine
from tests.delivery.cli.shown import ONE, judged


@pytest.mark.parametrize(
    ("status", "error"), [("pass", None), ("fail", RefusedError), ("hold", HeldError)]
)
def test_the_verdicts_decide_the_exit_code(
    delivery: CommandLine, status: Status, error: type | None
) -> None:
    delivery.returns("gate.gate", GateResult(ONE, None, judged(status), 7))
    run = delivery("gate")
    assert (type(run.exception) if run.exception else None) is error
    assert "report: report.html" in run.stdout
    assert "the report is on pull request #7" in run.stdout


def test_an_override_needs_a_reason(delivery: CommandLine) -> None:
    run = delivery("gate", "--override", "load")
    assert isinstance(run.exception, InputError)
