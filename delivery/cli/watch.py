"""`delivery watch ENV`: options."""

from __future__ import annotations

import signal
from functools import partial

import click

from delivery.cli.options import context, environment_argument

BUDGET = 600.0  # s for one deployment; the next look goes on with it


@click.command()
@environment_argument
@click.option(
    "--interval",
    type=click.FloatRange(min=1.0),
    default=30.0,
    show_default=True,
    help="Seconds between two looks at main.",
)
@click.option("--alive", is_flag=True, help="Only ask whether a watcher lives: for a probe.")
def watch(environment: str, interval: float, *, alive: bool) -> None:
    """Make ENV run what main wants, and keep it so, in the foreground.

    Does what `delivery deploy ENV` does, again and again; after a failure it waits longer. Ends at
    SIGTERM and at Ctrl-C; what runs goes on running.
    """
    from delivery.commands.deploy import deploy
    from delivery.commands.watch import alive as ask
    from delivery.commands.watch import watch as run

    if alive:
        last = ask(context(), environment)
        click.echo(f"{environment}: {last.outcome or last.trouble}")
        return
    for sign in (signal.SIGTERM, signal.SIGINT):  # a shell lets its background ignore Ctrl-C
        signal.signal(sign, signal.default_int_handler)
    made = context()
    look = partial(deploy, made, environment, budget=BUDGET)
    run(made, environment, look, interval=interval)
