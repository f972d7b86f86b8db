"""`delivery promote ENV`: options and output."""

from __future__ import annotations

import click

from delivery.cli.options import (
    context,
    dry_option,
    environment_argument,
    json_option,
    override_option,
    reason_option,
)
from delivery.cli.render import pull_line, show


@click.command()
@environment_argument
@click.option("--release", metavar="ID", help="A release; by default what upstream verified.")
@override_option
@reason_option
@dry_option
@json_option
def promote(
    environment: str,
    release: str | None,
    overrides: tuple[str, ...],
    reason: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Propose a verified release to ENV, judged against the champion of today."""
    from delivery.commands.promote import promote as run
    from delivery.deployment.advance import PromoteRequest
    from delivery.settings.overrides import parse_overrides

    request = PromoteRequest(
        environment, release, parse_overrides(reason, overrides), dry_run=dry_run
    )
    result = run(context(), request)
    nothing = "dry run" if dry_run and result.judged else f"{environment} wants it already"
    show(result, as_json, f"release {result.release}", pull_line(result.pull, nothing))
