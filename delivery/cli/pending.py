"""`delivery pending`: options and output."""

from __future__ import annotations

import click

from delivery.cli.options import context, json_option
from delivery.cli.render import show


@click.command()
@json_option
def pending(as_json: bool) -> None:
    """List the environments that `delivery deploy` still has work for."""
    from delivery.commands.pending import pending as run

    result = run(context())
    show(result, as_json, ", ".join(result.environments) or "nothing is left to do")
