"""Results as tables for a terminal and as JSON for a machine."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from delivery.forge.protocol import Pull

if TYPE_CHECKING:
    from delivery.commands.doctor.check import Check
    from delivery.commands.inspect import Lineage
    from delivery.commands.status import EnvironmentStatus, HistoryRow
    from delivery.governance.plan import Row
    from delivery.scanners.finding import Scan

COLOURS = {"verified": "green", "merged": "yellow", "analysing": "yellow", "open": "yellow"}


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


def _table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> Table:
    """Only the last column folds: ids and addresses are for copying."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        last = column == columns[-1]
        table.add_column(column, overflow="fold", no_wrap=not last)
    for row in rows:
        table.add_row(*row)
    return table


def _state(state: str) -> Text:
    return Text(state, style=COLOURS.get(state, "default"))


def scan_table(scans: Iterable[Scan]) -> Table:
    """A line per scanner."""
    return _table(
        ("scanner", "verdict", "what"),
        [
            (scan.scanner, _scanned(scan.status), scan.why or f"{len(scan.findings)} found")
            for scan in scans
        ],
    )


def finding_lines(scans: Iterable[Scan]) -> Iterable[str]:
    """A line per finding, as compilers write them."""
    for scan in scans:
        for found in scan.findings:
            yield f"{found.path}:{found.line}: {found.rule}: {found.message}"


def _scanned(status: str) -> Text:
    colours = {"pass": "green", "fail": "bold red", "hold": "yellow", "not checked": "yellow"}
    return Text(status, style=colours[status])


def status_table(rows: Iterable[EnvironmentStatus]) -> Table:
    """What is wanted and what runs."""
    return _table(
        ("environment", "wanted", "state", "traffic", "warm", "address"),
        [
            (
                row.environment,
                row.wanted,
                _state(row.state),
                "100%" if row.route == f"{row.wanted} 100%" else row.route,
                row.previous,
                row.url.removeprefix("http://"),
            )
            for row in rows
        ],
    )


def history_table(rows: Iterable[HistoryRow]) -> Table:
    """One line an attempt."""
    return _table(
        ("merged", "environment", "release", "state", "what happened"),
        [
            (
                row.merged[:16].replace("T", " "),
                row.environment,
                row.release,
                _state(row.state),
                ", ".join(row.events) + (f"; rolls {row.rollback_of} back" * bool(row.rollback_of)),
            )
            for row in rows
        ],
    )


def pulls_table(pulls: Iterable[Pull]) -> Table:
    """One line a pull request."""
    return _table(
        ("#", "state", "title"),
        [(str(pull.number), _state(pull.state), f"{pull.title} ({pull.head})") for pull in pulls],
    )


def doctor_table(checks: Iterable[Check]) -> Table:
    """One line a check; below it what to do where something is wrong."""
    return _table(
        ("", "check", "found"),
        [
            (
                Text("ok", style="green") if check.ok else Text("no", style="red"),
                check.name,
                check.found + (f"\n→ {check.cure}" if check.cure else ""),
            )
            for check in checks
        ],
    )


def lineage_table(lineage: Lineage) -> Table:
    """Facts from data to bento, then where it ran."""
    return _table(("", lineage.release), [*lineage.facts, *lineage.environments])


def rows_table(rows: Iterable[Row]) -> Table:
    """One line for each thing that GitHub is to hold."""
    return _table(
        ("what", "state", "name"),
        [
            (
                row.item.kind,
                Text(row.state, style="default" if row.state == "same" else "yellow"),
                row.item.name,
            )
            for row in rows
        ],
    )


def row_lines(rows: Iterable[Row]) -> list[str]:
    """A line for each key that GitHub has otherwise than wanted."""
    return [
        f"{row.item.name}: {change.path}: {_value(change.before)} → {_value(change.after)}"
        for row in rows
        for change in row.changes
        if row.state == "change"
    ]


def _value(value: object) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)


def findings_table(lineage: Lineage) -> Table:
    """One line a check."""
    return _table(
        ("", "check", "found"),
        [
            (
                Text("ok", style="green") if finding.ok else Text("no", style="red"),
                finding.name,
                finding.found,
            )
            for finding in lineage.findings
        ],
    )
