"""`delivery history [ENV]`: options and output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from delivery.cli.options import context, json_option
from delivery.cli.render import show, state_text, table

if TYPE_CHECKING:
    from rich.table import Table

    from delivery.commands.history import HistoryResult, HistoryRow


@click.command()
@click.argument("environment", metavar="[ENV]", required=False)
@json_option
def history(environment: str | None, as_json: bool) -> None:
    """List every attempt and its outcome, newest first."""
    from delivery.commands.history import history as run

    result = run(context(), environment)
    show(result, as_json, history_table(result))


def _happened(row: HistoryRow) -> str:
    rolls = f"rolls {row.rollback_of} back" if row.rollback_of else ""
    return "; ".join(filter(None, (", ".join(row.events), rolls, row.why)))


def history_table(result: HistoryResult) -> Table:
    """One line an attempt."""
    return table(
        ("merged", "environment", "release", "state", "what happened"),
        [
            (
                row.merged[:16].replace("T", " "),
                row.environment,
                row.release,
                state_text(row.state),
                _happened(row),
            )
            for row in result.attempts
        ],
    )
