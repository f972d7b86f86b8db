"""`delivery predictions`: options and output."""

from __future__ import annotations

import click

from delivery.cli.options import context, dry_option, environment_argument, json_option
from delivery.cli.render import show

log_option = click.option(
    "--log", "addresses", multiple=True, metavar="ADDRESS",
    help="A log folder or a store; else all that ENV has.",
)  # fmt: skip


@click.group()
def predictions() -> None:
    """Keep what was written down no longer than it may be."""


@predictions.command()
@environment_argument
@click.option("--days", type=click.IntRange(min=1), required=True, help="How long lines are kept.")
@log_option
@dry_option
@json_option
def prune(
    environment: str, days: int, addresses: tuple[str, ...], dry_run: bool, as_json: bool
) -> None:
    """Delete segments of ENV whose newest line is older than so many days."""
    from delivery.commands.predictions import prune as run

    result = run(context(), environment, days, addresses, dry_run=dry_run)
    word = "would be deleted" if dry_run else "deleted"
    show(result, as_json, *(
        f"{each.place}: {each.segments} segments from before {each.before} {word}, {each.left} stay"
        for each in result.places
    ))  # fmt: skip


@predictions.command()
@environment_argument
@click.option("--request", "requests", multiple=True, metavar="ID", help="The id of a request.")
@click.option(
    "--entity", "entities", multiple=True, metavar="NAME=VALUE", help="What an input says of them."
)
@click.option("--reason", required=True, help="Why; written into the statement.")
@log_option
@dry_option
@json_option
def erase(
    environment: str,
    requests: tuple[str, ...],
    entities: tuple[str, ...],
    reason: str,
    addresses: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Erase one person's rows and labels, and leave a statement of it."""
    from delivery.commands.predictions import EraseRequest
    from delivery.commands.predictions import erase as run

    request = EraseRequest(environment, requests, entities, reason, addresses, dry_run)
    result = run(context(), request)
    word = "would be erased" if dry_run else "erased"
    show(result, as_json, *(
        f"{each.place}: {each.rows} rows and {each.labels} labels {word}"
        for each in result.places
    ))  # fmt: skip
