"""`delivery freeze ENV`: options and output."""

from __future__ import annotations

import click

from delivery.cli.options import context, environment_argument, json_option, reason_option
from delivery.cli.render import show


@click.command()
@environment_argument
@reason_option
@click.option("--lift", "lifts", is_flag=True, help="End the freeze.")
@json_option
def freeze(environment: str, reason: str, lifts: bool, as_json: bool) -> None:
    """Promote nothing to ENV until somebody lifts that. Rollbacks go on.

    `delivery hold` stops everything, rollbacks as well; `freeze:` in delivery.yaml has windows.
    """
    from delivery.commands.freeze import freeze as run
    from delivery.commands.freeze import thaw

    result = (thaw if lifts else run)(context(), environment, reason=reason)
    show(result, as_json, result.why or f"{environment} takes promotions")
