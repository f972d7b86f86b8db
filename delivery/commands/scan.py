"""`delivery scan`: weaknesses in the code, secrets, dependencies, workflows and infra."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from delivery.context import Context
from delivery.evidence.supply_chain.weaknesses import audit_of, memory_of
from delivery.files import write_whole
from delivery.scanners import code, dependencies, infra, secrets, workflows
from delivery.scanners.finding import Scan
from delivery.scanners.sarif import sarif


def scan(context: Context, *, report: Path | None) -> tuple[Scan, ...]:
    """Every scanner, side by side; writes SARIF to `report`."""
    root, memory = context.root, memory_of(context)
    scanners: tuple[Callable[[], Scan], ...] = (
        partial(code.scan, root, memory),
        partial(secrets.scan, root, memory),
        partial(dependencies.scan, root, audit_of(context), memory),
        partial(workflows.scan, root),
        partial(infra.scan, root),
    )
    context.progress("scanning code, secrets, dependencies, workflows and infra")
    with ThreadPoolExecutor(len(scanners)) as pool:
        found = tuple(pool.map(lambda scanner: scanner(), scanners))
    if report is not None:
        write_whole(report, sarif(found))
    return found
