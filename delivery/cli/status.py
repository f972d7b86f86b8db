"""`delivery status`: options and output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from delivery.cli.options import context, json_option
from delivery.cli.render import show, state_text, table
from delivery.errors import HeldError

if TYPE_CHECKING:
    from rich.table import Table

    from delivery.commands.status import StatusResult


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Show what main wants, what runs, and the command that mends a difference."""
    from delivery.commands.status import status as run

    result = run(context())
    supervised = [
        f"{row.environment}: {row.supervision}" for row in result.environments if row.supervision
    ]
    show(result, as_json, status_table(result), *supervised)
    wrong = [
        f"{row.environment}: {row.problem}: `{row.cure}`"
        for row in result.environments
        if row.problem
    ]
    if wrong:
        raise HeldError("; ".join(wrong))


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
