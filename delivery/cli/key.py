"""`delivery key`: options and output."""

from __future__ import annotations

import click

from delivery.cli.options import context, json_option
from delivery.cli.render import show


@click.command()
@click.option("--name", default="me", show_default=True, help="Whose key it is.")
@click.option("--events", is_flag=True, help="The key that signs events, not releases.")
@json_option
def key(name: str, events: bool, as_json: bool) -> None:
    """Print this machine's public key as the lines that `trust:` in delivery.yaml wants."""
    from delivery.commands.key import key as run
    from delivery.trust.keys import Role

    result = run(context(), Role.EVENTS if events else Role.RELEASES)
    show(result, as_json, result.lines(name))
