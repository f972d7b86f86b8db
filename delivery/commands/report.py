"""`delivery report [RELEASE]`: where the HTML report of its gates or of its rollout lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from delivery.context import Context
from delivery.deployment.rollouts.chronicle import chronicle, newest_rollout
from delivery.errors import InputError
from delivery.files import write_whole
from delivery.report.rollout import rollout_html


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


def rollout_report(context: Context, environment: str, release: str | None) -> ReportResult:
    """Write the page of the newest rollout in `environment`, of a release or of any.

    Raises:
        InputError: no such environment, or nothing rolled out there.
    """
    history = context.snapshot().history(environment)
    attempt = newest_rollout(history, release or "")
    if attempt is None:
        of = f" of {release}" if release else ""
        raise InputError(
            f"{environment} has seen no shadow and no canary{of}; `delivery history "
            f"{environment}` lists its attempts, and `rollout:` in delivery.yaml asks for one."
        )
    page = rollout_html(chronicle(context.target(attempt.environment), attempt))
    file = context.workspace / "reports" / "rollouts" / f"{environment}-{attempt.commit[:12]}.html"
    write_whole(file, page)
    return ReportResult(file)
