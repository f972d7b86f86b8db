"""What a job of GitHub Actions shows beside its code: annotations.

Source of the escapes: actions/toolkit, packages/core/src/command.ts.
"""

from __future__ import annotations

from collections.abc import Iterable

from delivery.gates.verdict import Verdict, blocking
from delivery.scanners.finding import Scan


def annotation(title: str, text: str) -> str:
    """The line that makes an error annotation, whatever is in the text."""
    return f"::error title={_property(title)}::{_data(text)}"


def gate_annotations(verdicts: Iterable[Verdict]) -> list[str]:
    """One for each gate that blocks."""
    return [
        annotation(
            f"gate {verdict.gate}: {verdict.status}",
            f"{verdict.why}\nmeasured: {verdict.measured}\nrequired: {verdict.required}",
        )
        for verdict in blocking(verdicts)
    ]


def scan_annotations(scans: Iterable[Scan]) -> list[str]:
    """One for each finding, at its line."""
    return [
        f"::error file={_property(finding.path)},line={finding.line},"
        f"title={_property(f'{scan.scanner}: {finding.rule}')}::{_data(finding.message)}"
        for scan in scans
        for finding in scan.findings
    ]


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
