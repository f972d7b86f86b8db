"""The source that scanners look into: all that goes into a bento and all that made its model."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from delivery.cache import Cache
from delivery.release.candidate import INSIDE, there
from delivery.release.provenance import ENGINE, OWN
from delivery.scanners.dependencies import Audit
from delivery.scanners.finding import Scan
from delivery.storage.checkout import Checkout

LOOKED_AT = (*INSIDE, OWN, *ENGINE, "params.yaml")


@contextmanager
def laid_out(checkout: Checkout, commit: str) -> Iterator[Path]:
    """A temporary folder with the source as `commit` has it."""
    with tempfile.TemporaryDirectory(prefix="looked-at-") as folder:
        paths = there(checkout.repository, commit, LOOKED_AT)
        checkout.repository.archive(commit, paths, Path(folder))
        yield Path(folder)


def cache_of(checkout: Checkout) -> Cache:
    """What the tools answered on this machine before."""
    return Cache(checkout.workspace / "cache" / "scans")


def audit_of(checkout: Checkout) -> Audit:
    """Whom to ask for advisories here and today."""
    where = checkout.surroundings
    today = datetime.now(UTC).date()
    return Audit(where.environ.get("ADVISORIES_URL", ""), where.in_job, today)


def lines(scan: Scan) -> list[str]:
    """A line per finding."""
    return [
        f"{finding.path}:{finding.line} {finding.message} [{finding.rule}]"
        for finding in scan.findings
    ]
