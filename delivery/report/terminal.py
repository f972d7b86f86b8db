"""A judgement for a terminal: 80 columns and 40 lines hold it, however many gates there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

from delivery.gates.judgement import Judgement
from delivery.gates.verdict import Verdict
from delivery.report.text import because, outcome

STYLES = {"pass": "green", "fail": "bold red", "hold": "yellow", "not checked": "yellow"}
LINES = 32  # of 40: the command says where the report is, and what to do
WIDTH = 80
LONGEST = 400  # characters of a reason where details are asked for


def table(judgement: Judgement, *, details: bool = False) -> RenderableType:
    """A line a gate, then the reasons of those that do not pass; with `details`, all of all."""
    other = judgement.champion or "no champion"
    title = f"{judgement.candidate} against {other}: {outcome(judgement.verdicts)}"
    return Group(Text(title, style="italic"), verdict_table(judgement.verdicts, details=details))


def verdict_table(verdicts: Iterable[Verdict], *, details: bool = False) -> RenderableType:
    """Gate, verdict and what was measured; below, why gates do not pass, and what they require."""
    verdicts = tuple(verdicts)
    if details:
        return _detailed(verdicts)
    table = Table(
        Column("gate", no_wrap=True),  # a name that is cut cannot be looked up
        Column("verdict", no_wrap=True),
        "measured",
        box=None,
        pad_edge=False,
        header_style="bold",
    )
    for verdict in verdicts:
        measured = Text(_one_line(verdict.measured), no_wrap=True, overflow="ellipsis")
        table.add_row(verdict.gate, _status(verdict), measured)
    return Group(table, *_reasons(verdicts))


def _reasons(verdicts: Sequence[Verdict]) -> Iterable[Text]:
    """Of each gate that does not pass, as many lines as there is room for."""
    doubted = [verdict for verdict in verdicts if verdict.status != "pass"]
    room = LINES - len(verdicts) - 3
    shown = doubted[: max(1, room // 2)]
    lines = max(2, room // len(shown)) if shown else 0
    for verdict in shown:
        text = f"{verdict.gate}: {because(verdict)}. Required: {verdict.required}"
        yield Text(_cut(_one_line(text), min(LONGEST, lines * (WIDTH - 10))))
    if len(doubted) > len(shown):
        yield Text(f"{len(doubted) - len(shown)} more do not pass: --details")


def _detailed(verdicts: Sequence[Verdict]) -> Table:
    table = Table(Column("gate", no_wrap=True), "verdict", "measured", "required", "why")
    for verdict in verdicts:
        table.add_row(
            verdict.gate,
            _status(verdict),
            Text(verdict.measured),
            Text(verdict.required),
            Text(_cut(because(verdict), LONGEST)),
        )
    return table


def _status(verdict: Verdict) -> Text:
    text = f"{verdict.status}, overridden" if verdict.override else verdict.status
    return Text(text, style=STYLES[verdict.status])


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
