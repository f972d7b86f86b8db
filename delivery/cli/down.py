"""`delivery down [ENV]`: options and output."""

from __future__ import annotations

import click

from delivery.cli.options import context, json_option
from delivery.cli.render import show


@click.command()
@click.argument("environment", metavar="[ENV]", required=False)
@json_option
def down(environment: str | None, as_json: bool) -> None:
    """Stop what runs on this machine for ENV, or for all. `delivery deploy` starts it again."""
    from delivery.commands.down import down as run

    result = run(context(), environment)
    lines = [f"{name}: stopped" for name in result.stopped]
    lines += [f"had lost its files, and was ended: {orphan}" for orphan in result.orphans]
    show(result, as_json, *lines)
