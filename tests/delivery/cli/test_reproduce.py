"""`delivery reproduce` shows what was compared, and exits by the verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery.commands.reproduce import ReproduceResult
from delivery.errors import HeldError, RefusedError
from delivery.gates.verdict import Status
from tests.delivery.cli.conftest import CommandLine
from tests.delivery.cli.shown import ONE, verdict


@pytest.mark.parametrize(
    ("status", "error"), [("pass", None), ("fail", RefusedError), ("hold", HeldError)]
)
def test_the_verdict_decides_the_exit_code(
    delivery: CommandLine, status: Status, error: type | None
) -> None:
    result = ReproduceResult(ONE, verdict(status, "reproduction"), 1.0, Path("kept"))
    delivery.returns("reproduce.reproduce", result)
    run = delivery("reproduce", ONE)
    assert (type(run.exception) if run.exception else None) is error
    assert f"{ONE}: 300 ms" in run.stdout
    if error is not None:
        assert "What was made: kept" in str(run.exception)


@pytest.mark.parametrize(
    ("release", "line"),
    [
        ("none", "no release is in production; nothing was done"),
        (ONE, f"{ONE}: delivery.yaml has `reproduce: off`; nothing was done"),
    ],
)
def test_nothing_to_do_is_no_error(delivery: CommandLine, release: str, line: str) -> None:
    delivery.returns("reproduce.reproduce", ReproduceResult(release, None, 0.0, None))
    run = delivery("reproduce")
    assert (run.exit_code, run.stdout) == (0, f"{line}\n")
