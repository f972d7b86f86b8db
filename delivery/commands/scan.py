"""`delivery scan`: weaknesses in the code, secrets, dependencies, workflows and infra."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from delivery.context import Context
from delivery.evidence.supply_chain.source import audit_of, cache_of
from delivery.files import write_whole
from delivery.scanners import code, dependencies, infra, secrets, workflows
from delivery.scanners.finding import Scan
from delivery.scanners.sarif import sarif


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What each scanner says; in JSON a list."""

    scans: tuple[Scan, ...]

    def to_json(self) -> tuple[Scan, ...]:
        return self.scans


def scan(context: Context, *, report: Path | None) -> ScanResult:
    """Every scanner, side by side; writes SARIF to `report`."""
    root, cache = context.root, cache_of(context)
    scanners: tuple[Callable[[], Scan], ...] = (
        partial(code.scan, root, cache),
        partial(secrets.scan, root, cache),
        partial(dependencies.scan, root, audit_of(context), cache),
        partial(workflows.scan, root),
        partial(infra.scan, root),
    )
    context.progress("scanning code, secrets, dependencies, workflows and infra")
    with ThreadPoolExecutor(len(scanners)) as pool:
        scans = tuple(pool.map(lambda scanner: scanner(), scanners))
    if report is not None:
        write_whole(report, sarif(scans))
    return ScanResult(scans)
