"""`delivery push`: options and output."""

from __future__ import annotations

import click

from delivery.cli.options import context, json_option
from delivery.cli.render import show


@click.command()
@json_option
def push(as_json: bool) -> None:
    """Store the bytes that dvc.lock names."""
    from delivery.commands.push import push as run

    result = run(context())
    show(result, as_json, f"{result.store} holds everything that dvc.lock names")
