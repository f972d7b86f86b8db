"""`delivery inspect RELEASE` and `delivery inspect --batch OUTPUT`: options and output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from delivery.cli.options import context, json_option
from delivery.cli.render import ok_text, show, table
from delivery.errors import RefusedError

if TYPE_CHECKING:
    from rich.table import Table

    from delivery.commands.inspect import InspectResult
    from delivery.commands.inspect_batch import InspectBatchResult


@click.command()
@click.argument("release", metavar="[RELEASE]", default="")
@click.option("--offline", is_flag=True, help="Believe what was last fetched from origin.")
@click.option("--image", default="", metavar="NAME@sha256:…", help="Check this image against it.")
@click.option("--batch", default="", metavar="OUTPUT", help="Check what a job published there.")
@json_option
def inspect(release: str, offline: bool, image: str, batch: str, as_json: bool) -> None:
    """Check a release's bytes, record, SBOM, signature and evidence; show its lineage."""
    if bool(release) == bool(batch) or (batch and image):
        raise click.UsageError("name a release, or --batch OUTPUT")
    result: InspectResult | InspectBatchResult
    if batch:
        from delivery.commands.inspect_batch import inspect_batch

        result = inspect_batch(context(), batch, offline=offline)
        show(result, as_json, findings_table(result), "", table(("", batch), result.facts))
    else:
        from delivery.commands.inspect import inspect as run

        result = run(context(), release, offline=offline, image=image)
        show(result, as_json, findings_table(result), "", lineage_table(result))
    if result.problems:
        wrong = "; ".join(f"{finding.name}: {finding.found}" for finding in result.problems)
        raise RefusedError(f"{release or batch} is not in order: {wrong}")


def findings_table(result: InspectResult | InspectBatchResult) -> Table:
    """One line a check."""
    return table(
        ("", "check", "found"),
        [(ok_text(finding.ok), finding.name, finding.found) for finding in result.findings],
    )


def lineage_table(result: InspectResult) -> Table:
    """Facts from data to bento, then where it ran."""
    return table(("", result.release), [*result.facts, *result.environments])
