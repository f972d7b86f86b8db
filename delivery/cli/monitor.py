"""`delivery monitor ENV`: options and output."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from delivery.cli.options import context, dry_option, environment_argument, json_option
from delivery.cli.render import coloured, pull_line, show, table

if TYPE_CHECKING:
    from rich.table import Table

    from delivery.commands.monitor import MonitorResult

COLOURS = {"pass": "green", "alarm": "red", "no verdict": "yellow"}
FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@environment_argument
@click.option("--log", default="", metavar="ADDRESS",
              help="A log folder or a store; else that of ENV.")  # fmt: skip
@click.option("--until", type=click.DateTime(), help="The end of the newest window, UTC; else now.")
@click.option("--from", "folder", type=FOLDER, help="Judge nothing; take what is there.")
@click.option("--propose", is_flag=True, help="Train and open a pull request if that is the cure.")
@dry_option
@json_option
def monitor(
    environment: str,
    log: str,
    until: datetime | None,
    folder: Path | None,
    propose: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Judge what was written down about ENV: quality, drift, promises, labels."""
    from delivery.commands.monitor import MonitorRequest
    from delivery.commands.monitor import monitor as run

    end = until.replace(tzinfo=UTC).timestamp() if until else None
    request = MonitorRequest(environment, log, end, folder, propose, dry_run)
    result = run(context(), request)
    show(result, as_json, _table(result), *_lines(result))


def _table(result: MonitorResult) -> Table:
    return table(
        ("judge", "finding", "measured", "why"),
        [
            (each.judge, coloured(each.status, COLOURS[each.status]), each.measured, each.why)
            for each in result.findings
        ],
    )


def _lines(result: MonitorResult) -> list[str]:
    done = pull_line(result.pull, result.outcome)
    word = "a retrain is the answer" if result.decision.propose else "no retrain"
    return [
        f"{result.environment}, {result.release}: {result.folder / 'monitor.html'}",
        f"{word}: {result.decision.why}",
        *([done] if done else []),
    ]
