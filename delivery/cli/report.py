"""`delivery report [RELEASE]`: options and output."""

from __future__ import annotations

import click

from delivery.cli.options import context, json_option
from delivery.cli.render import show


@click.command()
@click.argument("release", metavar="[RELEASE]", required=False)
@click.option("--rollout", metavar="ENV", help="Of its rollout there, written now.")
@json_option
def report(release: str | None, rollout: str | None, as_json: bool) -> None:
    """Print the path of a release's HTML report; the newest by default."""
    from delivery.commands.report import report as run
    from delivery.commands.report import rollout_report

    result = rollout_report(context(), rollout, release) if rollout else run(context(), release)
    show(result, as_json, str(result.report))
