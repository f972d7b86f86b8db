"""How every result is shown: as tables and lines for a terminal, or as JSON for a machine.

The tables of one command are in the file of that command.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from delivery.events.event import State

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

    from delivery.context import Context
    from delivery.forge.protocol import Pull

COLOURS = {state.value: state.kind.colour for state in State} | {"open": "yellow"}


def show(result: Any, as_json: bool, *parts: RenderableType) -> None:
    """The result as JSON, or as tables and lines."""
    if as_json:
        click.echo(json.dumps(plain(result), indent=1, ensure_ascii=False))
        return
    from rich.console import Console

    out = Console(highlight=False)
    for part in parts:
        out.print(part, markup=False, soft_wrap=isinstance(part, str))


def annotate(context: Context, lines: Iterable[str]) -> None:
    """Annotations on the page of a job; nothing elsewhere."""
    if context.surroundings.in_job:
        for line in lines:
            click.echo(line)


def plain(value: Any) -> Any:
    """Any result as JSON types."""
    if hasattr(value, "to_json"):
        return plain(value.to_json())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> Table:
    """Only the last column folds: ids and addresses are for copying."""
    from rich.table import Table

    grid = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        last = column == columns[-1]
        grid.add_column(column, overflow="fold", no_wrap=not last)
    for row in rows:
        grid.add_row(*row)
    return grid


def coloured(text: str, style: str) -> Text:
    """A cell of a table in a colour."""
    from rich.text import Text

    return Text(text, style=style)


def state_text(state: str) -> Text:
    """A state in its colour."""
    return coloured(state, COLOURS.get(state, "default"))


def ok_text(ok: bool) -> Text:
    """The mark of one check."""
    return coloured("ok", "green") if ok else coloured("no", "red")


def pull_line(pull: Pull | None, otherwise: str = "") -> str:
    """One line about a pull request, or `otherwise` where there is none."""
    return f"pull request #{pull.number} {pull.state}: {pull.title}" if pull else otherwise
