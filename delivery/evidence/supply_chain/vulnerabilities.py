"""What a scanner's report says about an image that somebody is about to sign for."""

from __future__ import annotations

from collections.abc import Set
from datetime import UTC, datetime
from pathlib import Path

from delivery.errors import InputError
from delivery.gates.supply_chain.dependencies import Allowed
from delivery.gates.supply_chain.vulnerabilities import Evidence, Known
from delivery.scanners.dependencies import ALLOWED, allowances
from delivery.scanners.image_report import read_report
from delivery.state.snapshot import Snapshot
from delivery.storage.checkout import Checkout

MISSING = (
    "nobody looked for vulnerabilities of the image. `--report FILE` takes the JSON report of "
    "Trivy or Grype about it"
)


def vouch(
    checkout: Checkout, snapshot: Snapshot, digests: Set[str], report: Path | None
) -> Evidence:
    """Of the image that one of `digests` names, by the report in a file. What is allowed is main's.

    Raises:
        InputError: the file cannot be read, or is no report about an image.
    """
    allowed = {
        entry.id: Allowed(entry.until, entry.reason)
        for entry in allowances(snapshot.text(snapshot.commit, ALLOWED))
    }
    now = datetime.now(UTC)
    in_job = checkout.surroundings.in_job
    if report is None:
        return Evidence(frozenset(digests), None, allowed, now, in_job, missing=MISSING)
    try:
        text = report.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--report {report} cannot be read: {error}") from error
    found = read_report(text, f"--report {report}")
    known = [
        Known(each.names, each.package, each.version, each.severity, each.fixed)
        for each in found.weaknesses
    ]
    return Evidence(frozenset(digests), known, allowed, now, in_job, found.digests, found.at)
