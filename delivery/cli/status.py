"""`delivery status`: options and output."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from delivery.cli.options import context, json_option
from delivery.cli.render import plain, show, state_text, table
from delivery.errors import HeldError

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from delivery.commands.status import StatusResult
    from delivery.context import Context

INTERVAL = 2.0  # s


@click.command()
@click.option("--watch", is_flag=True, help="Look again every 2 seconds, until Ctrl-C.")
@json_option
def status(watch: bool, as_json: bool) -> None:
    """Show what main wants, what runs, and the command that mends a difference.

    While a rollout is under way: its share, what it waits for and when that can come.
    """
    from delivery.commands.status import status as run

    if watch:
        watch_status(run)
        return
    result = run(context())
    rollouts = [f"{row.environment}: {row.rollout}" for row in result.environments if row.rollout]
    show(result, as_json, status_table(result), *status_lines(result), *rollouts)
    wrong = [
        f"{row.environment}: {row.problem}: `{row.cure}`"
        for row in result.environments
        if row.problem
    ]
    if wrong:
        raise HeldError("; ".join(wrong))


def watch_status(run: Callable[[Context], StatusResult]) -> None:
    """Until Ctrl-C."""
    from rich.console import Console, Group
    from rich.live import Live
    from rich.text import Text

    pause = threading.Event()
    with (
        Live(console=Console(highlight=False), auto_refresh=False) as live,
        suppress(KeyboardInterrupt),
    ):
        while True:
            result = run(context())
            lines = [Text(line) for line in status_lines(result)]
            live.update(Group(status_table(result), *lines, *pictures(result)), refresh=True)
            pause.wait(INTERVAL)


def pictures(result: StatusResult) -> Iterator[RenderableType]:
    """Of the rollouts that are under way."""
    from rich.text import Text

    from delivery.report.picture import picture

    for row in result.environments:
        if row.rollout:
            yield Text(f"\n{row.environment}", style="bold")
            yield picture(plain(row.rollout))


def status_lines(result: StatusResult) -> list[str]:
    """What is frozen, and who supervises."""
    return [
        line
        for row in result.environments
        for line in (
            row.frozen,
            f"{row.environment}: {row.supervision}" if row.supervision else "",
        )
        if line
    ]


def status_table(result: StatusResult) -> Table:
    """What is wanted and what runs."""
    return table(
        ("environment", "wanted", "state", "traffic", "warm", "address"),
        [
            (
                row.environment,
                row.wanted,
                state_text(row.state),
                "100%" if row.route == f"{row.wanted} 100%" else row.route,
                row.previous,
                row.url.removeprefix("http://"),
            )
            for row in result.environments
        ],
    )
