"""`delivery scan`: weaknesses in the code, secrets, dependencies, workflows and infra."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from delivery.context import Context
from delivery.files import write_whole
from delivery.scanners import code, dependencies, infra, secrets, workflows
from delivery.scanners.finding import Scan
from delivery.scanners.sarif import sarif


def scan(context: Context, *, report: Path | None) -> tuple[Scan, ...]:
    """Every scanner, side by side; writes SARIF to `report`."""
    where = context.surroundings
    audit = partial(
        dependencies.scan,
        advisories=where.environ.get("ADVISORIES_URL", ""),
        in_job=where.in_job,
        today=datetime.now(UTC).date(),
    )
    scanners: tuple[Callable[[Path], Scan], ...] = (
        code.scan, secrets.scan, audit, workflows.scan, infra.scan,
    )  # fmt: skip
    context.progress("scanning code, secrets, dependencies, workflows and infra")
    with ThreadPoolExecutor() as pool:
        found = tuple(pool.map(lambda scanner: scanner(context.root), scanners))
    if report is not None:
        write_whole(report, sarif(found))
    return found
