"""`delivery inspect RELEASE`: options and output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from delivery.cli.options import context, json_option
from delivery.cli.render import ok_text, show, table
from delivery.errors import RefusedError

if TYPE_CHECKING:
    from rich.table import Table

    from delivery.commands.inspect import InspectResult


@click.command()
@click.argument("release", metavar="RELEASE")
@click.option("--offline", is_flag=True, help="Believe what was last fetched from origin.")
@click.option("--image", default="", metavar="NAME@sha256:…", help="Check this image against it.")
@json_option
def inspect(release: str, offline: bool, image: str, as_json: bool) -> None:
    """Check a release's bytes, record, SBOM, signature and evidence; show its lineage."""
    from delivery.commands.inspect import inspect as run

    result = run(context(), release, offline=offline, image=image)
    show(result, as_json, findings_table(result), "", lineage_table(result))
    if result.problems:
        wrong = "; ".join(f"{finding.name}: {finding.found}" for finding in result.problems)
        raise RefusedError(f"{release} is not in order: {wrong}")


def findings_table(result: InspectResult) -> Table:
    """One line a check."""
    return table(
        ("", "check", "found"),
        [(ok_text(finding.ok), finding.name, finding.found) for finding in result.findings],
    )


def lineage_table(result: InspectResult) -> Table:
    """Facts from data to bento, then where it ran."""
    return table(("", result.release), [*result.facts, *result.environments])
