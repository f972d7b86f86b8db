"""What came of the year, as a section of docs/year.md and a plot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib import pyplot as plt

from bench.gates.page import STYLE, put
from bench.page import table
from bench.year.calendar import SHIFT, UNITS, Story
from bench.year.offline.policies import ALL, GATED, LAGGED, NEVER, REPORTED, Figures, Policy
from bench.year.state import State

PAGE, PLOT = "year.md", "year.svg"
DATA = "data"  # the gate whose `why` says what it has found, among all that it has looked at
OURS = "ours"
MORE: Any = {**STYLE, "svg.hashsalt": "year"}
COLOURS = {
    NEVER: "#b23", ALL: "#2f6fab", LAGGED: "#9bb8d3", GATED: "#e0a030", OURS: "#12324f",
}  # fmt: skip
SPANS = {"5-8": "May to August", "9-12": "September to December", "5-12": "all"}


@dataclass(frozen=True)
class Told:
    """How a story ended: what the loop saw, and figures against the truth."""

    story: Story
    state: State
    figures: Policy

    def count(self, kind: str, **wanted: Any) -> int:
        """Events of a kind."""
        return len(list(self.of(kind, **wanted)))

    def of(self, kind: str, **wanted: Any) -> Iterable[Mapping[str, Any]]:
        for event in self.state.events:
            if event["kind"] == kind and all(event[key] == v for key, v in wanted.items()):
                yield event


def write(others: Mapping[str, Policy], told: Mapping[str, Told], docs: Path) -> None:
    """Put the section between its marks on the page in `docs`, and the plot beside it."""
    put(docs / PAGE, section(others, told))
    plot(_compared(others, told), told.get("year"), docs / PLOT)


def _compared(others: Mapping[str, Policy], told: Mapping[str, Told]) -> Mapping[str, Policy]:
    """With what production really answered, once it has."""
    return {**others, OURS: told["year"].figures} if "year" in told else others


def section(others: Mapping[str, Policy], told: Mapping[str, Told]) -> str:
    """Tables of the comparison, of the loop, of its retrains, and of the stories of faults."""
    compared = _compared(others, told)
    parts = [
        "Log loss in nats, on the same rows:", "", table(*_by_month(compared, "loss", ".4f")),
        "The area under the ROC curve:", "", table(*_by_month(compared, "auc", ".3f")),
        "The calibration error, the mean distance of ten bins:", "",
        table(*_by_month(compared, "calibration", ".3f")),
    ]  # fmt: skip
    if whole := told.get("year"):
        parts += [
            "What the loop did:", "", table(("", *told), list(_counts(told))),
            "Retrains of the year, each judged by all gates:", "",
            table(("day", "why", "passed", "what did not"), list(_retrains(whole))),
            "Alarms of the year. Nobody had changed anything:", "",
            table(("judge", "days", "on"), list(_alarms(whole))),
        ]  # fmt: skip
    faults = [each for name, each in told.items() if name != "year"]
    if faults:
        head = ("fault", "from", "noticed", "by", "rows of it that a model learned from")
        parts += ["What was broken on purpose:", "", table(head, [_fault(e) for e in faults])]
    return "\n".join(parts).replace("\n\n\n", "\n\n").rstrip()


def _by_month(compared: Mapping[str, Policy], what: str, form: str) -> tuple[Any, Any]:
    """A row for each month and span, and the releases last."""
    months = {str(number): _name(number) for number in REPORTED} | SPANS
    rows = [
        (title, *(_cell(policy.months.get(key), what, form) for policy in compared.values()))
        for key, title in months.items()
    ]
    if what == "loss":
        rows.append(("releases after the first", *(str(p.releases) for p in compared.values())))
    return ("", *compared), rows


def _cell(figures: Figures | None, what: str, form: str) -> str:
    return format(getattr(figures, what), form) if figures else "–"


def _name(month: int) -> str:
    return pd.Timestamp(2013, month, 1).month_name()


def _counts(told: Mapping[str, Told]) -> Iterable[Sequence[str]]:
    """One line for each count, a column for each story."""
    lines: dict[str, Callable[[Told], int | str]] = {
        "until": lambda t: t.state.done[:10],
        "requests": lambda t: t.state.requests,
        "rows": lambda t: t.state.rows,
        "requests lost": lambda t: t.state.lost,
        "releases after the first": lambda t: t.state.releases - 1,
        "pull requests of retrains": lambda t: t.count("gate"),
        "merged": lambda t: t.count("gate", passed=True),
        "closed, since a gate did not pass": lambda t: t.count("gate", passed=False),
        "retrains that the monitor asked for": lambda t: sum(
            bool(each["proposed"]) for each in t.of("look")
        ),
        "minutes, by the clock": lambda t: round(t.state.seconds / 60),
        "minutes of CPU, without the services": lambda t: round(t.state.cpu / 60),
        "days with an alarm, nothing changed": lambda t: len(
            {each["day"] for each in t.of("alarm", true=False)}
        ),
    }
    for name, count in lines.items():
        yield name, *(_text(count(each)) for each in told.values())


def _text(count: int | str) -> str:
    return count if isinstance(count, str) else f"{count:,}"


def _retrains(told: Told) -> Iterable[Sequence[str]]:
    reason = ""
    for event in told.state.events:
        if event["kind"] == "retrain":
            reason = f"{_name(event['month'])} is complete"
        elif event["kind"] == "look" and event["proposed"]:
            reason = event["decision"]
        elif event["kind"] == "gate":
            blocking = "; ".join(
                f"`{e['gate']}` {e['status']}: {_found(e)}" for e in event["blocking"]
            )
            yield event["day"], reason, "yes" if event["passed"] else "no", blocking


def _found(blocking: Mapping[str, str]) -> str:
    return blocking["why" if blocking["gate"] == DATA else "measured"]


def _alarms(told: Told) -> Iterable[Sequence[str]]:
    days: dict[str, list[str]] = {}
    for event in told.of("alarm", true=False):
        days.setdefault(event["judge"], []).append(event["day"])
    for judge, on in sorted(days.items()):
        yield f"`{judge}`", str(len(on)), ", ".join(on)


def _fault(told: Told) -> Sequence[str]:
    story = told.story
    what = (
        f"`{story.column}`, {UNITS[story.column][0]}" if story.column in UNITS
        else f"labels of the flight {SHIFT} rows before, in September"
    )  # fmt: skip
    found = list(told.of("alarm", true=True))
    noticed = found[0]["day"] if found else "never"
    judges = ", ".join(sorted({f"`{each['judge']}`" for each in found})) or "–"
    return what, f"{story.since:%Y-%m-%d}", noticed, judges, f"{told.state.learned:,}"


def plot(compared: Mapping[str, Policy], told: Told | None, file: Path) -> None:
    """Above: how much more loss than that of every month on all data. Below: what the loop did."""
    with mpl.rc_context(MORE):
        figure, (loss, area, line) = plt.subplots(
            3, 1, figsize=(8.4, 7.2), layout="constrained", height_ratios=(3, 3, 2)
        )
        base = compared[ALL].months
        for name, policy in compared.items():
            months = [str(number) for number in REPORTED if str(number) in policy.months]
            names = [_name(int(month))[:3] for month in months]
            rise = [100 * (policy.months[m].loss / base[m].loss - 1) for m in months]
            loss.plot(names, rise, marker="o", color=COLOURS[name], label=name)
            area.plot(
                names, [policy.months[m].auc for m in months], marker="o", color=COLOURS[name]
            )
        loss.set_ylabel("loss, % over every month\non all data")
        loss.legend(frameon=False, fontsize=8, ncols=2)
        area.set_ylabel("AUC")
        if told:
            _line(line, told)
        figure.savefig(file, metadata={"Date": None})
        plt.close(figure)


def _line(axes: Any, told: Told) -> None:
    """Events by day, a row for each kind."""
    rows = {
        "released": told.of("release"),
        "passed the gates": told.of("gate", passed=True),
        "did not pass": told.of("gate", passed=False),
        "false alarm": told.of("alarm", true=False),
    }
    for height, (name, events) in enumerate(rows.items()):
        days = [pd.Timestamp(event["day"]) for event in events]
        colour = "#b23" if name in ("did not pass", "false alarm") else "#2f6fab"
        axes.plot(days, [height] * len(days), linestyle="", marker="|", markersize=12, color=colour)
    axes.set_yticks(range(len(rows)), list(rows))
    axes.set_ylim(-0.7, len(rows) - 0.3)
    axes.set_xlim(pd.Timestamp("2013-04-01"), pd.Timestamp("2014-01-01"))
