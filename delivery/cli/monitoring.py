"""`delivery monitoring`: options and output."""

from __future__ import annotations

from pathlib import Path

import click

from delivery.cli.options import context, dry_option, json_option
from delivery.cli.render import show


@click.group()
def monitoring() -> None:
    """Make what Prometheus and Grafana read."""


@monitoring.command()
@dry_option
@json_option
def render(dry_run: bool, as_json: bool) -> None:
    """Write infra/monitoring/ anew from delivery.yaml, for you to commit."""
    from delivery.commands.monitoring import render as run

    result = run(context(), dry_run=dry_run)
    word = "would change" if dry_run else "written"
    show(result, as_json, *(f"{word}: {path}" for path in result.changed or ("nothing",)))


@monitoring.command()
@click.option(
    "--out", type=click.Path(path_type=Path), help="The file; else infra/monitoring/targets.json."
)
@json_option
def targets(out: Path | None, as_json: bool) -> None:
    """List the instances that run on this machine, for Prometheus to scrape."""
    from delivery.commands.monitoring import TARGETS
    from delivery.commands.monitoring import targets as run
    from delivery.monitoring.files import FOLDER

    here = context()
    result = run(here, out or here.root / FOLDER / TARGETS)
    show(result, as_json, f"{result.file}: {', '.join(result.addresses) or 'nothing runs here'}")
