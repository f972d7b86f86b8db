"""What the monitor found, for people: a page with plots, Markdown for a pull request, JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from delivery.files import write_whole
from delivery.monitoring.exposition import exposition
from delivery.monitoring.judges.finding import Finding, alarms
from delivery.monitoring.observation import Observation
from delivery.report.cells import cell
from delivery.report.svg import lines
from delivery.report.template import render

ORDER = ("alarm", "no verdict", "pass")


@dataclass(frozen=True, slots=True, eq=False)
class Monitored:
    """An environment at a moment, `until` in s since 1970; `previous` is empty where there is
    none."""

    environment: str
    release: str
    previous: str
    until: float
    rows: int
    seen: Observation

    @property
    def when(self) -> str:
        return datetime.fromtimestamp(self.until, UTC).isoformat(timespec="minutes")

    @property
    def findings(self) -> Sequence[Finding]:
        """What somebody should look at comes first."""
        return sorted(self.seen.findings, key=lambda finding: ORDER.index(finding.status))

    def to_json(self) -> dict[str, Any]:
        return {
            "environment": self.environment,
            "release": self.release,
            "previous": self.previous,
            "until": self.when,
            "rows": self.rows,
            "findings": [finding.to_json() for finding in self.findings],
            "moved": dict(self.seen.moved),
            "notes": list(self.seen.notes),
        }


def write(found: Monitored, folder: Path) -> Path:
    """Write monitor.json, .md, .prom and .html into `folder`; where the page is."""
    folder.mkdir(parents=True, exist_ok=True)
    content = json.dumps(found.to_json(), indent=1, ensure_ascii=False, allow_nan=False)
    write_whole(folder / "monitor.json", content + "\n")
    write_whole(folder / "monitor.md", markdown(found))
    metrics = exposition(found.environment, found.until, found.findings)
    write_whole(folder / "monitor.prom", metrics)
    write_whole(folder / "monitor.html", html(found))
    return folder / "monitor.html"


def sentence(findings: Sequence[Finding]) -> str:
    """What somebody has to decide."""
    names = [finding.judge for finding in alarms(findings)]
    silent = sum(finding.status == "no verdict" for finding in findings)
    rest = f" {silent} of {len(findings)} have too little to judge by." if silent else ""
    return f"{'Look at ' + ', '.join(names) if names else 'Nothing alarms'}.{rest}"


def markdown(found: Monitored) -> str:
    """The evidence, as the body of a pull request carries it."""
    rows = [
        f"| {cell(each.judge)} | {each.status} | {cell(each.measured)} | {cell(each.required)} "
        f"| {cell(each.why)} |"
        for each in found.findings
    ]
    moved = ", ".join(f"{name} {index:.2f}" for name, index in list(found.seen.moved.items())[:5])
    return "\n".join(
        [
            f"`delivery monitor {found.environment}` at {found.when}, about {found.release} and "
            f"{found.rows:,} logged rows. {sentence(found.findings)}",
            "",
            "| judge | finding | measured | required | why |",
            "|---|---|---|---|---|",
            *rows,
            "",
            *([f"Inputs that moved most (PSI): {cell(moved)}.", ""] if moved else []),
            *(f"{cell(note)}." for note in found.seen.notes),
        ]
    )


def html(found: Monitored) -> str:
    """One page without scripts or other files."""
    content = {
        "environment": found.environment,
        "release": found.release,
        "previous": found.previous,
        "until": found.when,
        "rows": found.rows,
        "outcome": "alarms" if alarms(found.findings) else "watched",
        "sentence": sentence(found.findings),
        "findings": found.findings,
        "notes": found.seen.notes,
        "moved": found.seen.moved,
        "plots": list(_plots(found)),
    }
    return render("monitor.html", content, folder=Path(__file__).parent / "templates")


def _plots(found: Monitored) -> Sequence[dict[str, Any]]:
    days, loss = found.seen.days, _loss(found.findings)
    drawings = []
    if len(days["day"]) > 1:
        drawings.append(
            _plot("Rows", "Logged in each day before the end.", "rows", _series(days, "rows"), ())
        )
        both = (*_series(days, "score"), *_series(days, "label"))
        how = "Mean score of each day, and mean label where labels have come (dashed)."
        drawings.append(_plot("Scores and labels", how, "mean", both, ()))
    if loss:
        first = loss["days"][0]
        ago = [(day - first) / 86_400 for day in loss["days"]]
        chart = [list(zip(ago, loss["chart"], strict=True))]
        how = "Rises where the live release does worse than the one before; the line alarms."
        drawings.append(_plot("Loss against the release before", how, "CUSUM", chart,
                              (loss["limit"],)))  # fmt: skip
        raw = [list(zip(ago, loss["differences"], strict=True))]
        how = "Live minus previous on the same rows, by day; above 0 the live release is worse."
        drawings.append(_plot("Daily difference", how, "difference", raw, (0.0,)))
    return drawings


def _loss(findings: Sequence[Finding]) -> dict[str, Any]:
    return next((dict(each.details) for each in findings if each.judge == "loss"), {})


def _series(days: Any, name: str) -> list[list[tuple[float, float]]]:
    pairs = zip(days["day"], days[name], strict=True)
    return [[(day, value) for day, value in pairs if value is not None]]


def _plot(
    title: str, how: str, unit: str, series: Sequence[Sequence[tuple[float, float]]],
    levels: Sequence[float],
) -> dict[str, Any]:  # fmt: skip
    """Lines over days; the second is dashed, `levels` are limits."""
    named = zip(("candidate", "reference"), series, strict=False)
    return {"title": title, "how": how, "svg": lines(title, named, ("day", unit), levels)}
