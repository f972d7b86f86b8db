"""The page is whole in itself, says first what blocks, and escapes what comes from outside."""

from __future__ import annotations

import pytest

from delivery.gates.judgement import Judgement
from delivery.gates.verdict import Verdict
from delivery.report.page import _metric, html
from serving.contract import Task
from tests.delivery.report.judged import CARD, VERDICTS, evidence, judgement


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_every_task_has_a_page_that_needs_nothing_else(task: Task) -> None:
    page = html(judgement(evidence(task)))
    for outside in ("http:", "https:", "<script", "<link", "url(", "@import", "src="):
        assert outside not in page
    assert page.count("<figure>") == (4 if task == "binary" else 3)
    assert "nan" not in page.lower().replace("dominant", "")


def test_verdicts_come_first_and_text_from_outside_is_escaped() -> None:
    page = html(judgement(evidence("binary")))
    assert page.index("Verdicts") < page.index("On the same rows") < page.index("What was judged")
    assert "worse &lt;b&gt;by far" in page
    assert "<i>DL" not in page


def test_the_card_speaks_for_itself_alone() -> None:
    """It comes with the pull request, so it must load nothing."""
    page = html(judgement({**evidence("binary"), "card": CARD}))
    assert "<h3>Limits</h3>" in page
    assert "<code>year</code>" in page
    assert "<b>bold" not in page
    assert "<img" not in page


def test_what_blocks_comes_first_on_the_page() -> None:
    passed = Verdict("data", "pass", "m", "r", "w")
    page = html(Judgement((passed, *VERDICTS), "r-1", "r-2", {"judged": {"candidate": "r-1"}}))
    assert page.index("<h3>champion") < page.index("<h3>load") < page.index("<h3>data")


def test_the_page_opens_with_what_a_reader_decides_on() -> None:
    passed = Verdict("data", "pass", "m", "r", "w")
    about = {"name": "tumours", "date": "2026-11-27", "branch": "retrain", "commit": "c" * 40}
    base = judgement(evidence("binary"))
    page = html(Judgement((passed, *VERDICTS), "r-1", "r-2", {**base.evidence, "subject": about}))
    order = [
        "tumours · 2026-11-27 · branch retrain · commit cccccccccccc",
        "It is refused by champion, load. 1 of 3 gates pass.",
        "<h3>champion",
        "<summary>1 gate passes",
        "<h3>data",
        "On the same rows",
    ]
    places = [page.index(text) for text in order]
    assert places == sorted(places)


def test_what_was_not_checked_has_a_mark_of_its_own() -> None:
    verdicts = (Verdict("dependencies", "not checked", "m", "r", "silence"),)
    page = html(Judgement(verdicts, "r-1", "r-2", judgement({}).evidence))
    assert 'class="verdict not checked"' in page


@pytest.mark.parametrize("higher", [True, False])
def test_the_better_side_of_a_metric_depends_on_its_direction(higher: bool) -> None:
    row = {"candidate": 0.75, "reference": 0.5, "higher_is_better": higher}
    assert _metric(row)["side"] == ("better" if higher else "worse")
    assert _metric(row | {"candidate": 0.5})["side"] == "same"
    assert _metric(row | {"reference": None})["side"] == "same"
