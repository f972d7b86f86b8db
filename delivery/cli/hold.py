"""`delivery hold ENV`: options and output."""

from __future__ import annotations

import click

from delivery.cli.options import context, environment_argument, json_option
from delivery.cli.render import show
from delivery.errors import InputError


@click.command()
@environment_argument
@click.option("--reason", default="", help="Why; shown to everybody whom it stops.")
@click.option("--lift", "lifts", is_flag=True, help="End the hold.")
@json_option
def hold(environment: str, reason: str, lifts: bool, as_json: bool) -> None:
    """Change nothing in ENV until somebody lifts that: no traffic, no release.

    Works at once, also on commands that run at this moment, and without origin.
    """
    from delivery.commands.hold import hold as run
    from delivery.commands.hold import lift

    if lifts and reason:
        raise InputError("--lift takes no reason")
    result = lift(context(), environment) if lifts else run(context(), environment, reason=reason)
    if lifts:
        line = f"{environment} is free" + ("" if result.hold else ", and was not held")
    else:
        line = str(result.hold)
    show(result, as_json, line)
