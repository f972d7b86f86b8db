"""`delivery history [ENV]`: options and output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from delivery.cli.options import context, json_option
from delivery.cli.render import show, state_text, table

if TYPE_CHECKING:
    from rich.table import Table

    from delivery.commands.history import HistoryResult, HistoryRow
    from delivery.state.figures import Figures


@click.command()
@click.argument("environment", metavar="[ENV]", required=False)
@click.option("--figures", is_flag=True, help="Show how often, how fast and how well instead.")
@json_option
def history(environment: str | None, figures: bool, as_json: bool) -> None:
    """List every attempt and its outcome, newest first."""
    from delivery.commands.history import figures as measure
    from delivery.commands.history import history as run

    if figures:
        measured = measure(context(), environment or context().snapshot().settings.last)
        show(measured, as_json, *figure_lines(measured))
        return
    result = run(context(), environment)
    show(result, as_json, history_table(result))


def figure_lines(figures: Figures) -> list[str]:
    """A line for each, with its definition."""
    from delivery.state.figures import DEFINITIONS

    values = {name: getattr(figures, name) for name in DEFINITIONS}
    shown = {name: "unknown" if value is None else f"{value:.3g}" for name, value in values.items()}
    return [f"{name}: {shown[name]} ({text})" for name, text in DEFINITIONS.items()]


def _happened(row: HistoryRow) -> str:
    rolls = f"rolls {row.rollback_of} back" if row.rollback_of else ""
    took = f"{row.seconds:.0f} s" if row.seconds is not None else ""
    by = f"by {row.by}" if row.by else ""
    return "; ".join(filter(None, (", ".join(row.events), rolls, row.why, took, by)))


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
