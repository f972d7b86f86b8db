"""`delivery scan`: options and output."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from delivery.cli.options import context, json_option
from delivery.cli.render import annotate, coloured, show, table
from delivery.errors import HeldError, RefusedError

if TYPE_CHECKING:
    from rich.table import Table

    from delivery.commands.scan import ScanResult

COLOURS = {"pass": "green", "fail": "bold red", "hold": "yellow", "not checked": "yellow"}


@click.command()
@click.option("--sarif", type=click.Path(path_type=Path), help="Write the findings as SARIF.")
@json_option
def scan(sarif: Path | None, as_json: bool) -> None:
    """Scan code, secrets, dependencies, workflows and infra for weaknesses."""
    from delivery.ci.annotations import scan_annotations
    from delivery.commands.scan import scan as run

    here = context()
    result = run(here, report=sarif)
    show(result, as_json, scan_table(result), *finding_lines(result))
    annotate(here, scan_annotations(result.scans))
    failed = [scan.scanner for scan in result.scans if scan.status == "fail"]
    held = [f"{scan.scanner} ({scan.why})" for scan in result.scans if scan.status == "hold"]
    if failed:
        raise RefusedError(f"found something to mend: {', '.join(failed)}")
    if held:
        raise HeldError(f"could not look: {', '.join(held)}")


def scan_table(result: ScanResult) -> Table:
    """A line per scanner."""
    return table(
        ("scanner", "verdict", "what"),
        [
            (
                scan.scanner,
                coloured(scan.status, COLOURS[scan.status]),
                scan.why or f"{len(scan.findings)} found",
            )
            for scan in result.scans
        ],
    )


def finding_lines(result: ScanResult) -> Iterator[str]:
    """A line per finding, as compilers write them."""
    for scan in result.scans:
        for finding in scan.findings:
            yield f"{finding.path}:{finding.line}: {finding.rule}: {finding.message}"
