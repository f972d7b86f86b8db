"""`delivery verify` exits by the verdicts on what is live."""

from __future__ import annotations

import pytest

from delivery.commands.verify import VerifyResult
from delivery.errors import HeldError, RefusedError
from delivery.gates.verdict import Status
from tests.delivery.cli.conftest import CommandLine
from tests.delivery.cli.shown import ONE, judgement


@pytest.mark.parametrize(
    ("status", "revoked", "error", "words"),
    [
        ("pass", False, None, ""),
        ("fail", True, RefusedError, "was revoked and rolled back"),
        ("fail", False, RefusedError, "would be revoked"),
        ("hold", False, HeldError, "evidence is missing (why it is so)"),
    ],
)
def test_the_verdicts_decide_the_exit_code(
    delivery: CommandLine, status: Status, revoked: bool, error: type | None, words: str
) -> None:
    delivery.returns("verify.verify", VerifyResult("staging", ONE, judgement(status), revoked))
    run = delivery("verify", "staging")
    assert (type(run.exception) if run.exception else None) is error
    assert words in str(run.exception or "")
