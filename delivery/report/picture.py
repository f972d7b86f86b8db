"""A rollout under way, in a terminal: shares and samples as bars, or as one line of text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rich.table import Table
from rich.text import Text

BAR = 20  # characters: one for each slot of clients
FULL, EMPTY = "█", "░"
Rollout = Mapping[str, Any]  # as `delivery status --json` has it


class _Row(NamedTuple):
    """`part`, 0 to 1, is shown as a bar; None: there is none."""

    name: str
    part: float | None
    words: str


def picture(rollout: Rollout) -> Table:
    """Who meets the candidate, what was seen of it, and what comes next."""
    table = Table.grid(padding=(0, 2))
    for row in _rows(rollout):
        table.add_row(Text(row.name, style="bold"), _bar(row.part), Text(row.words))
    return table


def line(rollout: Rollout) -> str:
    """The same in words."""
    return "; ".join(row.words for row in _rows(rollout))


def _rows(rollout: Rollout) -> Sequence[_Row]:
    is_canary = "share" in rollout
    if not rollout["is_watched"]:
        return (_Row("canary" if is_canary else "shadow", None, "nobody watches it"),)
    return _canary(rollout) if is_canary else _shadow(rollout)


def _canary(rollout: Rollout) -> Sequence[_Row]:
    share, (own, theirs) = rollout["share"], rollout["requests"]
    step = f"step {rollout['step']} of {rollout['steps']}"
    answered = f"{rollout['candidate']} answered {own:,}, {rollout['champion']} {theirs:,}"
    return (
        _Row("canary", share / 100, f"{step}: {share}% of the clients meet {rollout['candidate']}"),
        _Row("requests", _done(own, rollout["needed"]), f"{answered}{_left(rollout)}"),
        _Row("next", None, rollout["waits_for"]),
    )


def _shadow(rollout: Rollout) -> Sequence[_Row]:
    pairs, needed = rollout["pairs"], rollout["needed"]
    copied, failed = rollout["mirrored"], rollout["failed"]
    compared = f"{pairs:,} rows, {copied:,} copied by the router, {failed:,} failed"
    return (
        _Row("shadow", 0.0, f"no client meets {rollout['candidate']}"),
        _Row("compared", _done(pairs, needed), f"{compared}{_left(rollout)}"),
        _Row("measured", None, rollout["measured"]),
        _Row("next", None, rollout["waits_for"]),
    )


def _left(rollout: Rollout) -> str:
    needed, seconds = rollout["needed"], rollout["earliest_s"]
    if not needed:
        return ""
    when = f", in {seconds:,.0f} s at the earliest" if seconds else ""
    return f"; {needed:,} more to decide{when}"


def _done(have: int, needed: int) -> float:
    return have / (have + needed) if have + needed else 0.0


def _bar(part: float | None) -> Text:
    if part is None:
        return Text("")
    full = round(BAR * part)
    return Text.assemble((FULL * full, "cyan"), (EMPTY * (BAR - full), "dim"))
