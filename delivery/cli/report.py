"""`delivery report [RELEASE]`: options and output."""

from __future__ import annotations

import click

from delivery.cli.options import context, json_option
from delivery.cli.render import show


@click.command()
@click.argument("release", metavar="[RELEASE]", required=False)
@json_option
def report(release: str | None, as_json: bool) -> None:
    """Print the path of a release's HTML report; the newest by default."""
    from delivery.commands.report import report as run

    result = run(context(), release)
    show(result, as_json, str(result.report))
