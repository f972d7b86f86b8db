"""`delivery up`: options and output."""

from __future__ import annotations

import signal

import click

from delivery.cli.options import context, json_option
from delivery.cli.render import show
from delivery.errors import TargetError


@click.command()
@click.option("--once", is_flag=True, help="Look once, mend what is wrong, and end.")
@json_option
def up(once: bool, as_json: bool) -> None:
    """Keep what was deployed on this machine running, in the foreground.

    Restarts a router or a release that died or hangs, beside what still answers. Ends at SIGTERM
    and at Ctrl-C; what runs goes on running, and `delivery down` stops it.
    """
    from delivery.commands.up import up as run

    for sign in (signal.SIGTERM, signal.SIGINT):  # a shell lets its background ignore Ctrl-C
        signal.signal(sign, signal.default_int_handler)
    result = run(context(), once=once)
    reports = result.environments.items()
    lines = [f"{name}: {report.restarts} restarted" for name, report in reports]
    show(result, as_json, *lines)
    if result.trouble:
        raise TargetError(result.trouble)
