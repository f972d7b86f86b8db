"""`delivery batch`: options and output."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from delivery.cli.options import context, json_option, progress
from delivery.cli.render import coloured, show, table
from delivery.errors import HeldError, RefusedError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from delivery.commands.batch import BatchResult
    from serving.batch.documents import Manifest, Progress, Shift

EVERY = 10.0  # s between two lines of a job
SHOWN = 10  # columns, and reasons


@click.group()
def batch() -> None:
    """Score files with a release."""


@batch.command()
@click.argument("input")
@click.argument("output")
@click.option("--environment", metavar="ENV", help="Whose release; the last one if left out.")
@click.option("--release", metavar="ID", help="Another release, signed for that environment.")
@click.option("--compare", metavar="ID", help="Score with this release too, and judge both.")
@click.option("--columns", default="", metavar="A,B", help="Of the input, that go along.")
@click.option("--input-format", type=click.Choice(["parquet", "csv", "jsonl"]), help="Not by name.")
@click.option("--max-refused", type=click.FloatRange(0, 1), help="Share of rows; 0.01 if left out.")
@click.option("--drift", type=click.Choice(["report", "hold"]), help="If the scores moved much.")
@click.option("--processes", type=click.IntRange(1), help="One for each processor if left out.")
@click.option("--unit-rows", type=click.IntRange(1), help="Rows of a unit; 262,144 if left out.")
@click.option("--date", metavar="DAY", help="What {date} means in INPUT and OUTPUT; today in UTC.")
@json_option
def run(input: str, output: str, as_json: bool, **options: Any) -> None:
    """Score files, folders or addresses and write Parquet; run it again to go on."""
    from delivery.bento.batch import Scoring
    from delivery.commands.batch import Whose
    from delivery.commands.batch import run as score

    columns = tuple(name for name in options.pop("columns").split(",") if name)
    whose = Whose(*(options.pop(name) for name in ("environment", "release", "compare")))
    day = options.pop("date") or datetime.now(UTC).date().isoformat()
    place, there = (address.replace("{date}", day) for address in (input, output))
    scoring = Scoring(place, there, columns, **options)
    with shown(sys.stderr.isatty()) as tell:
        result = score(context(), whose, scoring, tell)
    show(result, as_json, *(summary(result) if result.manifest else ()))
    if result.failure is not None:
        raise result.failure
    if result.compared is not None and result.compared.status != "pass":
        kind = RefusedError if result.compared.status == "fail" else HeldError
        raise kind(f"{whose.compare} beside {result.release}: {result.compared.why}")


def summary(result: BatchResult) -> Iterator[RenderableType]:
    """What was scored, what was refused and why, and how far the input lies from training."""
    manifest = result.manifest
    assert manifest is not None
    totals = manifest.totals
    yield table(
        (result.release, "rows"),
        [(name, f"{count:,}") for name, count in totals.model_dump().items()],
    )
    if manifest.reasons:
        reasons = list(manifest.reasons.items())[:SHOWN]
        yield table(("refused because", "values"), [(why, f"{n:,}") for why, n in reasons])
    if shifts := shifts_of(manifest):
        yield table(
            ("column", "moved (PSI)", "missing", "unseen"),
            [_shift(shift) for shift in shifts[: SHOWN + 1]],
        )
    if result.compared is not None:
        from delivery.report import verdict_table

        yield verdict_table([result.compared])
    published = f"published in {result.output}" if result.failure is None else "not published"
    yield f"{published}; report: {result.report}"


def shifts_of(manifest: Manifest) -> list[Shift]:
    """The score first."""
    return [*([manifest.score] if manifest.score else []), *manifest.inputs]


def _shift(shift: Shift) -> tuple[Any, ...]:
    psi = coloured(f"{shift.psi:.3f}", "yellow" if shift.much else "default")
    return shift.column, psi, f"{shift.missing:.1%}", f"{shift.unseen:.1%}"


@contextmanager
def shown(terminal: bool) -> Iterator[Callable[[Progress], None]]:
    """How far a job is: a bar with rate and time left on a terminal, else a line now and then."""
    if not terminal:
        yield _lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Left

    rate = TextColumn("{task.fields[rate]}")
    console = Console(stderr=True)
    with Progress(BarColumn(), MofNCompleteColumn(), rate, Left(), console=console) as bar:
        task = bar.add_task("rows", total=None, rate="")

        def tell(news: Any) -> None:
            speed = f"{rate_of(news):,.0f} rows/s"
            bar.update(task, completed=news.rows, total=news.total, rate=speed)

        yield tell


def _lines() -> Callable[[Progress], None]:
    last = -EVERY

    def tell(news: Progress) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= EVERY or news.rows == news.total:
            last = now
            progress(line_of(news))

    return tell


def line_of(news: Progress) -> str:
    """How far a job is, in one line."""
    rate = rate_of(news)
    total = f" of {news.total:,}" if news.total is not None else ""
    refused = f", {news.refused:,} refused" if news.refused else ""
    left = ""
    if news.total is not None and rate and news.rows < news.total:
        left = f", {(news.total - news.rows) / rate:,.0f} s left"
    return f"{news.rows:,}{total} rows{refused}, {rate:,.0f} rows/s{left}"


def rate_of(news: Progress) -> float:
    """Rows a second of this run."""
    return (news.rows - news.before) / news.seconds if news.seconds > 0 else 0.0
