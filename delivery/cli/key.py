"""`delivery key`: options and output."""

from __future__ import annotations

import click

from delivery.cli.options import context, json_option
from delivery.cli.render import show


@click.command()
@click.option("--name", default="me", show_default=True, help="Whose key it is.")
@json_option
def key(name: str, as_json: bool) -> None:
    """Print this machine's public key as the lines that `trust:` in delivery.yaml wants."""
    from delivery.commands.key import key as run

    result = run(context())
    show(result, as_json, result.lines(name))
