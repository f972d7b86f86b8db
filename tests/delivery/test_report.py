"""Reports show what was judged, are whole in themselves, and never break on what is missing."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from delivery.evidence.evaluation import Holdout
from delivery.evidence.reported.summary import Sides, side_by_side
from delivery.gates.verdict import Verdict
from delivery.judgement.judge import Judgement
from delivery.report import markdown, table, verdict_table, write
from delivery.report.svg import number, ticks
from serving.contract import Task
from tests.serving.tiny import tiny_contract

ROWS = 600
VERDICTS = (
    Verdict("champion", "fail", "log loss 0.7", "≤ 1%", "worse <b>by far</b> | proven"),
    Verdict("load", "hold", "not measured", "p95", "no load was measured"),
)


def holdout(labels: Any, segment: Any) -> Holdout:
    return Holdout(
        file=Path("holdout.parquet"),
        sha256="0" * 64,
        table=None,
        labels=labels,
        clusters=np.arange(ROWS) % 20,
        cluster_names=tuple(f"2013-07-{i + 1:02}" for i in range(20)),
        cluster_column="day",
        segments={"carrier": segment},
        first="2013-07-01T00:00:00",
        last="2013-07-20T00:00:00",
    )


def evidence(task: Task, segment: Any = None) -> dict[str, Any]:
    random = np.random.default_rng(0)
    scores = random.random(ROWS)
    if task == "multiclass":
        scores = random.dirichlet([1, 1, 1], ROWS)
    labels = random.normal(size=ROWS) if task == "regression" else random.integers(0, 2, ROWS)
    segment = random.choice(["AA", "<i>DL</i>"], ROWS) if segment is None else segment
    rows = holdout(labels, segment)
    sides = Sides(tiny_contract(task), rows, scores, scores[::-1].copy(), "champion")
    return side_by_side(sides, 100, 0.02)


def judgement(found: dict[str, Any]) -> Judgement:
    judged = {
        "candidate": "r-1",
        "rows": ROWS,
        "first": "2013-07-01T00:00:00",
        "last": "2013-07-20T00:00:00",
        "holdout_sha256": "0" * 64,
        "reason": None,
    }
    return Judgement(VERDICTS, "r-1", "r-2", {"judged": judged, **found})


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_every_task_has_a_page_that_needs_nothing_else(task: Task, tmp_path: Path) -> None:
    report = write(judgement(evidence(task)), tmp_path)
    page = report.html.read_text(encoding="utf-8")
    for outside in ("http:", "https:", "<script", "<link", "url(", "@import", "src="):
        assert outside not in page
    assert page.count("<figure>") == (4 if task == "binary" else 3)
    assert "nan" not in page.lower().replace("dominant", "")


def test_verdicts_come_first_and_text_from_outside_is_escaped(tmp_path: Path) -> None:
    page = write(judgement(evidence("binary")), tmp_path).html.read_text(encoding="utf-8")
    assert page.index("Verdicts") < page.index("On the same rows") < page.index("What was judged")
    assert "worse &lt;b&gt;by far" in page
    assert "<i>DL" not in page


@pytest.mark.parametrize("name", ["json", "markdown", "html"])
def test_a_judgement_without_scores_has_every_report(name: str, tmp_path: Path) -> None:
    bare = Judgement(VERDICTS, "r-1", None, {"judged": {"candidate": "r-1", "url": "http://h"}})
    assert "no load was measured" in getattr(write(bare, tmp_path), name).read_text("utf-8")


CARD = """### Limits

<b>bold</b> and ![a picture](https://example.org/p.png), one `year`.

````````
**Approved by the gates.**
"""


def test_the_card_speaks_for_itself_alone(tmp_path: Path) -> None:
    """It comes with the pull request, so it must not look like the report, nor load anything."""
    report = write(judgement({**evidence("binary"), "card": CARD}), tmp_path)
    page, text = report.html.read_text("utf-8"), report.markdown.read_text("utf-8")
    assert "<h3>Limits</h3>" in page
    assert "<code>year</code>" in page
    assert "<b>bold" not in page
    assert "<img" not in page
    fenced = text.split("`" * 8)
    assert len(fenced) == 3
    assert "Approved by the gates" in fenced[1]


def test_inputs_are_shown_with_what_was_measured() -> None:
    rise = {"input": "hour", "candidate": 0.0212, "reference": None}
    moved = {"input": "hour", "psi": 0.31}
    found = {"importance": {"inputs": [rise]}, "data_drift": {"inputs": [moved]}}
    assert "| `hour` | 0.0212 | – | 0.3100 |" in markdown(judgement({"reference": "c", **found}))
    missing = {"importance": {"missing": "no answer"}, "data_drift": {"inputs": [moved]}}
    assert "| `hour` | – | – | 0.3100 |" in markdown(judgement({"reference": "c", **missing}))
    assert "Inputs" not in markdown(judgement({"reference": "c"}))


def test_what_blocks_comes_first_on_the_page(tmp_path: Path) -> None:
    passed = Verdict("data", "pass", "m", "r", "w")
    found = Judgement((passed, *VERDICTS), "r-1", "r-2", {"judged": {"candidate": "r-1"}})
    page = write(found, tmp_path).html.read_text(encoding="utf-8")
    assert page.index("<h3>champion") < page.index("<h3>load") < page.index("<h3>data")


def test_decisions_are_shown_by_group() -> None:
    found = evidence("binary")
    groups = {group["value"]: group for group in found["groups"]}
    assert sum(group["rows"] for group in groups.values()) == ROWS
    assert 0.4 < groups["AA"]["flagged"] < 0.6  # the scores are uniform and the threshold is 0.5
    assert "carrier = AA" in markdown(judgement({"groups": found["groups"]}))
    assert "groups" not in evidence("regression")


def test_the_json_is_the_judgement(tmp_path: Path) -> None:
    whole = judgement(evidence("binary"))
    text = write(whole, tmp_path).json.read_text(encoding="utf-8")
    assert Judgement.from_json(json.loads(text)).verdicts == whole.verdicts


def test_markdown_stays_below_the_limit_of_a_comment() -> None:
    many = evidence("binary", segment=np.arange(ROWS))
    many["slices"] = many["slices"] * 400
    text = markdown(judgement(many))
    assert len(text) < 60_000
    assert "What was judged" in text
    assert text.count("<details>") == text.count("</details>")
    assert "worse <b>by far</b> \\| proven" in text


def test_slices_of_markdown_are_whole_where_they_fit() -> None:
    text = markdown(judgement(evidence("binary")))
    assert "carrier = AA" in text
    assert "| … |" not in text


def test_tables_name_gate_verdict_measured_required_and_why() -> None:
    out = io.StringIO()
    console = Console(file=out, width=200)
    console.print(table(judgement({})), verdict_table(VERDICTS))
    text = out.getvalue()
    assert "r-1 against r-2: refused" in text
    for part in ("champion", "fail", "log loss 0.7", "≤ 1%", "no load was measured"):
        assert part in text


def test_axes_have_round_numbers() -> None:
    assert ticks((0, 1)) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert [number(value) for value in ticks((-0.03, 0.03))] == ["−0.02", "0", "0.02"]
    assert number(1_234_567) == "1,234,567"


def test_what_was_not_checked_is_seen_and_is_no_pass(tmp_path: Path) -> None:
    verdicts = (
        Verdict("load", "pass", "m", "r", "w"),
        Verdict("dependencies", "not checked", "m", "r", "silence"),
    )
    found = Judgement(verdicts, "r-1", "r-2", judgement({}).evidence)
    report = write(found, tmp_path)
    assert "| dependencies | ❔ not checked |" in report.markdown.read_text(encoding="utf-8")
    assert 'class="verdict not checked"' in report.html.read_text(encoding="utf-8")
    console = Console(file=io.StringIO(), width=200)
    console.print(table(found))
    assert "not checked" in console.file.getvalue()  # type: ignore[attr-defined]
