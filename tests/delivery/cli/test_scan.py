"""`delivery scan` shows a line for each scanner and for each finding."""

from __future__ import annotations

import pytest

from delivery.commands.scan import ScanResult
from delivery.errors import HeldError, RefusedError
from delivery.scanners.finding import Finding, Scan, Status
from tests.delivery.cli.conftest import CommandLine

FINDING = Finding("B602", "model/fit.py", 5, "shell")


@pytest.mark.parametrize(
    ("status", "error"), [("pass", None), ("fail", RefusedError), ("hold", HeldError)]
)
def test_findings_are_lines_as_compilers_write_them(
    delivery: CommandLine, status: Status, error: type | None
) -> None:
    found = (FINDING,) if status == "fail" else ()
    delivery.returns("scan.scan", ScanResult((Scan("code", status, found, "why"),)))
    run = delivery("scan")
    assert (type(run.exception) if run.exception else None) is error
    assert ("model/fit.py:5: B602: shell" in run.stdout) is (status == "fail")
