"""`delivery check`: options and output."""

from __future__ import annotations

import click

from delivery.cli.options import context, json_option
from delivery.cli.render import show


@click.command()
@json_option
def check(as_json: bool) -> None:
    """Check that HEAD changes environments and records as delivery proposed. A preview."""
    from delivery.commands.check import check as run

    result = run(context())
    names = ", ".join(result.environments) or "no environment"
    show(result, as_json, f"{names} changed, as delivery proposed")
