"""`delivery report [RELEASE]`: where the HTML report lies."""

from __future__ import annotations

from pathlib import Path

from delivery.context import Context
from delivery.errors import InputError


def report(context: Context, release: str | None) -> Path:
    """The report of a release, or the newest one; InputError if there is none."""
    reports = (context.workspace / "reports").glob(f"{release or '*'}/report.html")
    found = sorted(reports, key=lambda path: path.stat().st_mtime)
    if not found:
        raise InputError(
            f"no report of {release or 'any candidate'} here yet; `delivery gate` writes one"
        )
    return found[-1]
