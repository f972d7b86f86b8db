"""Commands that look and change nothing: status, history, inspect, report, doctor."""

from __future__ import annotations

import click

from delivery.cli import render
from delivery.cli.terminal import (
    context,
    json_option,
    show,
)
from delivery.errors import HeldError, InputError, RefusedError


@click.command()
@json_option
def status(as_json: bool) -> None:
    """What main wants, what really runs, and what mends a difference."""
    from delivery.commands.status import status as run

    rows = run(context())
    show(rows, as_json, render.status_table(rows))
    if any(row.problem for row in rows):
        wrong = [f"{row.environment}: {row.problem}: `{row.cure}`" for row in rows if row.problem]
        raise HeldError("; ".join(wrong))


@click.command()
@click.argument("environment", metavar="[ENV]", required=False)
@json_option
def history(environment: str | None, as_json: bool) -> None:
    """Every attempt and what came of it, newest first."""
    from delivery.commands.status import history as run

    rows = run(context(), environment)
    show(rows, as_json, render.history_table(rows))


@click.command()
@click.argument("release", metavar="RELEASE")
@click.option("--offline", is_flag=True, help="Believe what was last fetched from origin.")
@json_option
def inspect(release: str, offline: bool, as_json: bool) -> None:
    """Check a release's bytes, record, SBOM, signature and evidence; show its lineage."""
    from delivery.commands.inspect import inspect as run

    lineage = run(context(), release, offline=offline)
    show(lineage, as_json, render.findings_table(lineage), "", render.lineage_table(lineage))
    if lineage.problems:
        wrong = "; ".join(f"{finding.name}: {finding.found}" for finding in lineage.problems)
        raise RefusedError(f"{release} is not in order: {wrong}")


@click.command()
@click.argument("release", metavar="[RELEASE]", required=False)
@json_option
def report(release: str | None, as_json: bool) -> None:
    """Print the path of a release's HTML report; the newest by default."""
    from delivery.commands.report import report as run

    path = run(context(), release)
    show({"report": path}, as_json, str(path))


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Look at the checkout, tools, remote, ports and settings; say how to mend what is wrong."""
    from delivery.commands.doctor.local import doctor as run

    checks = run(context())
    show(checks, as_json, render.doctor_table(checks))
    wrong = [check.name for check in checks if not check.ok]
    if wrong:
        raise InputError(f"{len(wrong)} to mend: {', '.join(wrong)}")
