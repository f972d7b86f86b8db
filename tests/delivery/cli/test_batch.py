"""`delivery batch run` shows how far it is, what came of it, and why it did not publish."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from delivery.cli import batch
from delivery.cli.batch import line_of, shown
from delivery.commands.batch import BatchResult, Whose
from delivery.errors import HeldError, RefusedError
from delivery.gates.verdict import Verdict
from serving.batch.documents import Progress
from tests.delivery.cli.conftest import CommandLine
from tests.delivery.report.test_batch import manifest


def result(**fields: Any) -> BatchResult:
    usual: dict[str, Any] = {
        "release": "r-111111111111",
        "environment": "production",
        "output": "out",
        "manifest": manifest(),
        "failure": None,
        "report": Path("report.html"),
    }
    return BatchResult(**(usual | fields))


def progress(rows: int, **fields: Any) -> Progress:
    usual = {"before": 0, "total": 1000, "refused": 0, "seconds": 2.0}
    return Progress(rows=rows, **(usual | fields))


def test_what_was_scored_is_shown(delivery: CommandLine) -> None:
    calls = delivery.returns("batch.run", result())
    run = delivery("batch", "run", "in", "out", "--columns", "a,b", "--max-refused", "0.1")
    assert run.exit_code == 0, run.output
    for text in ("4,990", "distance: range", "0.300", "published in out; report: report.html"):
        assert text in run.stdout
    ((whose, scoring, _, _),) = calls
    assert whose == Whose()
    assert (scoring.columns, scoring.max_refused, scoring.drift) == (("a", "b"), 0.1, None)


def test_what_was_not_published_is_shown_and_raised(delivery: CommandLine) -> None:
    delivery.returns("batch.run", result(failure=RefusedError("too many")))
    run = delivery("batch", "run", "in", "out", "--environment", "staging", "--release", "r-1")
    assert isinstance(run.exception, RefusedError)
    assert "not published" in run.stdout
    delivery.returns("batch.run", result(failure=RefusedError("why"), manifest=None, report=None))
    assert delivery("batch", "run", "in", "out").stdout == ""
    assert delivery.json("batch", "run", "in", "out")["failure"] == "why"


@pytest.mark.parametrize(("status", "kind"), [("fail", RefusedError), ("hold", HeldError)])
def test_a_release_that_answers_otherwise_is_told_by_the_exit(
    delivery: CommandLine, status: Any, kind: type[Exception]
) -> None:
    verdict = Verdict("shadow", status, "7% of answers changed", "r", "more change")
    calls = delivery.returns("batch.run", result(compared=verdict))
    run = delivery("batch", "run", "in", "out", "--compare", "r-2")
    assert calls[0][0] == Whose(compare="r-2")
    assert isinstance(run.exception, kind)
    assert str(run.exception) == "r-2 beside r-111111111111: more change"
    assert "7% of answers changed" in run.stdout


def test_a_day_stands_in_both_addresses(delivery: CommandLine) -> None:
    calls = delivery.returns("batch.run", result())
    delivery("batch", "run", "in/{date}.csv", "out/{date}", "--date", "2013-08-01")
    delivery("batch", "run", "in/{date}.csv", "out")
    assert (calls[0][1].input, calls[0][1].output) == ("in/2013-08-01.csv", "out/2013-08-01")
    assert calls[1][1].input == f"in/{datetime.now(UTC).date().isoformat()}.csv"


@pytest.mark.parametrize("option", ["--max-refused=2", "--drift=stop", "--processes=0"])
def test_options_that_cannot_be(delivery: CommandLine, option: str) -> None:
    assert delivery("batch", "run", "in", "out", option).exit_code == 2


def test_a_job_gets_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 100.0
    monkeypatch.setattr(batch.time, "monotonic", lambda: now)
    with shown(terminal=False) as tell:
        tell(progress(0))
        tell(progress(100))
        now += 11
        tell(progress(200))
        tell(progress(1000))
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[1] for line in lines] == ["0", "200", "1,000"]


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr("sys.stderr", screen)
    with shown(terminal=True) as tell:
        tell(progress(500))
        tell(progress(1000, total=None))
    assert "1000/" in screen.getvalue()


def test_a_line_says_rate_and_time_left() -> None:
    assert line_of(progress(500, refused=3)) == "500 of 1,000 rows, 3 refused, 250 rows/s, 2 s left"
    assert line_of(progress(500, total=None)) == "500 rows, 250 rows/s"
    assert line_of(progress(500, before=500, seconds=0.0)) == "500 of 1,000 rows, 0 rows/s"
