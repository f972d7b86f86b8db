"""`delivery accept ENV`: options and output."""

from __future__ import annotations

import click

from delivery.cli.options import context, environment_argument, json_option, reason_option
from delivery.cli.render import show


@click.command()
@environment_argument
@reason_option
@json_option
def accept(environment: str, reason: str, as_json: bool) -> None:
    """Accept what a rollout in ENV left inconclusive, with the risk that it names.

    `delivery deploy ENV` gives the release the traffic then.
    """
    from delivery.commands.accept import accept as run

    result = run(context(), environment, reason=reason)
    line = (
        f"{result.by} accepted {result.release} in {environment}. Its rollout was {result.missed}"
    )
    show(result, as_json, line, f"`delivery deploy {environment}` gives it the traffic.")
