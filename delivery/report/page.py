"""A judgement as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from markdown_it import MarkdownIt
from markupsafe import Markup

from delivery.gates.judgement import Judgement
from delivery.gates.verdict import Verdict, blocking
from delivery.report import svg
from delivery.report.inputs import input_lines
from delivery.report.template import render
from delivery.report.text import (
    GROUP_SHARES,
    change,
    named,
    outcome,
    percent,
    reference_name,
    sentence,
    span,
    subject_line,
    value,
)

ORDER = ("fail", "hold", "not checked", "pass")
SCORE_TITLES = {
    "binary": "predicted probability",
    "multiclass": "probability of the top class",
    "regression": "prediction",
}


def html(judgement: Judgement) -> str:
    """The page: verdicts first, then both models on the same rows, then what was judged."""
    evidence = judgement.evidence
    compared = bool(evidence.get("metrics"))
    changes = (v.details.get("changes") for v in judgement.verdicts if v.gate == "contract")
    load = (v.details for v in judgement.verdicts if v.gate == "load" and v.details)
    content = {
        "judgement": judgement,
        "outcome": outcome(judgement.verdicts),
        "reference": reference_name(judgement),
        "evidence": evidence,
        "judged": evidence["judged"],
        "plots": _plots(evidence) if compared else [],
        "forest": _forest(judgement) if compared else [],
        "metrics": [_metric(row) for row in evidence.get("metrics", ())],
        "load": next(load, None),
        "group_shares": GROUP_SHARES,
        "inputs": input_lines(evidence),
        "sentence": sentence(judgement.verdicts),
        "subject": subject_line(evidence),
        "open_verdicts": sorted((v for v in judgement.verdicts if not _passed(v)), key=_order),
        "passed": [v for v in judgement.verdicts if _passed(v)],
        "card": _rendered(evidence.get("card", "")),
        "changes": next(changes, ()),
    }
    return render("report.html", content, filters=FILTERS)


def _passed(verdict: Verdict) -> bool:
    return verdict.status == "pass" and not verdict.override


def _order(verdict: Verdict) -> tuple[bool, int]:
    """What blocks comes first, then what somebody should look at."""
    return not blocking([verdict]), ORDER.index(verdict.status)


def _rendered(card: str) -> Markup:
    """Markdown as HTML. Tags in it stay text, and it can load nothing."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    return Markup(markdown.render(card))  # nosec B704 - html is off: all text is escaped


def _plots(evidence: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Title, one line on how to read it, and the drawing."""
    drawings: list[dict[str, Any]] = []

    def add(title: str, how: str, drawing: Markup) -> None:
        drawings.append({"title": title, "how": how, "svg": drawing})

    if "roc" in evidence:
        add("ROC", "Nearer to the upper left is better.", svg.roc(evidence["roc"]))
    add(
        "Calibration",
        "Ten bins of equal size. On the dotted line, predictions come true as often as they say.",
        svg.calibration(evidence["calibration"]),
    )
    title = SCORE_TITLES[evidence["task"]]
    add("Scores", "How often each score is given.", svg.histogram(evidence["scores"], title))
    points = evidence["clusters"]["points"]
    if points:
        column = evidence["clusters"]["column"]
        how = f"Mean {evidence['primary']} of the candidate minus the reference; below 0 is better."
        add(f"Difference by {column}", how, svg.clusters(points, column))
    return drawings


def _forest(judgement: Judgement) -> list[dict[str, Any]]:
    """The whole holdout first, then the slices, on one scale."""
    evidence = judgement.evidence
    rows: list[dict[str, Any]] = []
    whole = evidence.get("difference")
    if whole:
        margin = next((v.details.get("margin") for v in judgement.verdicts if v.details), None)
        rows.append(
            {
                "segment": "",
                "value": "all rows",
                "rows": evidence["judged"]["rows"],
                "difference": whole["mean"],
                "lower": whole["lower"],
                "upper": whole["upper"],
                "margin": margin,
                "harmed": False,
                "p": 1.0,
            }
        )
    rows += evidence["slices"]
    shown = [row for row in rows if row["lower"] is not None]
    ends = [
        row[key] for row in shown for key in ("lower", "upper", "margin") if row[key] is not None
    ]
    reach = (min([*ends, 0.0]), max([*ends, 0.0]))
    pad = (reach[1] - reach[0]) * 0.04 or 1.0
    scale = (reach[0] - pad, reach[1] + pad)
    return [{**row, "svg": svg.interval(row, scale)} for row in rows]


def _metric(row: Mapping[str, Any]) -> dict[str, Any]:
    """A metric with which side is better: `better`, `worse` or `same`."""
    side = "same"
    if row["candidate"] is not None and row["reference"] is not None:
        gain = row["candidate"] - row["reference"]
        gain = gain if row["higher_is_better"] else -gain
        side = "better" if gain > 0 else "worse" if gain < 0 else "same"
    return {**row, "side": side}


def _share(count: int, total: int) -> str:
    """Of a row of the confusion matrix; short, since there are many columns."""
    share = 100 * count / total if total else 0.0
    return "<1%" if 0 < share < 1 else f"{share:.0f}%"


def _signed(number: float) -> str:
    return f"{number:+.4f}".replace("-", "−")


FILTERS: Mapping[str, Callable[..., Any]] = {
    "value": value,
    "change": change,
    "span": span,
    "signed": _signed,
    "percent": percent,
    "named": named,
    "share": _share,
}
