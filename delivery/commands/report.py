"""`delivery report [RELEASE]`: where the HTML report lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from delivery.context import Context
from delivery.errors import InputError


@dataclass(frozen=True, slots=True)
class ReportResult:
    """The file of the HTML report."""

    report: Path


def report(context: Context, release: str | None) -> ReportResult:
    """The report of a release, or the newest one; InputError if there is none."""
    reports = (context.workspace / "reports").glob(f"{release or '*'}/report.html")
    newest = max(reports, key=lambda path: path.stat().st_mtime, default=None)
    if newest is None:
        raise InputError(
            f"no report of {release or 'any candidate'} here yet; `delivery gate` writes one"
        )
    return ReportResult(newest)
