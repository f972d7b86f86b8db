"""Reports as Markdown that a comment can take."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from delivery.gates.judgement import Judgement
from delivery.gates.verdict import Verdict
from delivery.report.text import (
    because,
    change,
    mark,
    markdown,
    named,
    outcome,
    percent,
    reference_name,
    sentence,
    span,
    value,
)
from tests.delivery.report.judged import CARD, ROWS, evidence, judgement


def test_inputs_are_shown_with_what_was_measured() -> None:
    rise = {"input": "hour", "candidate": 0.0212, "reference": None}
    moved = {"input": "hour", "psi": 0.31}
    found = {"importance": {"inputs": [rise]}, "data_drift": {"inputs": [moved]}}
    assert "| `hour` | 0.0212 | – | 0.3100 |" in markdown(judgement({"reference": "c", **found}))
    missing = {"importance": {"missing": "no answer"}, "data_drift": {"inputs": [moved]}}
    assert "| `hour` | – | – | 0.3100 |" in markdown(judgement({"reference": "c", **missing}))
    assert "Inputs" not in markdown(judgement({"reference": "c"}))


def test_the_report_opens_with_its_subject_and_the_decision() -> None:
    subject = {"name": "tumours", "date": "2026-11-27", "branch": "a|<b>", "commit": "c" * 40}
    lines = markdown(judgement({"subject": subject})).splitlines()
    assert lines[2].startswith("tumours · 2026-11-27 · branch a\\|\\<b\\>")
    assert lines[4] == "It is refused by champion, load. 0 of 2 gates pass."


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        ([Verdict("a", "pass", "", "", "")], "It passes. 1 of 1 gates pass."),
        ([Verdict("a", "hold", "", "", "")], "It is held by a. 0 of 1 gates pass."),
        (
            [Verdict("a", "fail", "", "", "", override="known"),
             Verdict("b", "not checked", "", "", "")],
            "It passes; overridden: a; not checked: b. 0 of 2 gates pass.",
        ),
    ],
)  # fmt: skip
def test_the_sentence_names_what_blocks_and_what_nobody_looked_at(
    verdicts: list[Verdict], said: str
) -> None:
    assert sentence(verdicts) == said


def test_decisions_are_shown_by_group() -> None:
    found = evidence("binary")
    groups = {group["value"]: group for group in found["groups"]}
    assert sum(group["rows"] for group in groups.values()) == ROWS
    assert 0.4 < groups["AA"]["flagged"] < 0.6  # the scores are uniform and the threshold is 0.5
    assert "carrier = AA" in markdown(judgement({"groups": found["groups"]}))
    assert "groups" not in evidence("regression")


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


def test_the_card_is_fenced_whatever_it_holds() -> None:
    """It comes with the pull request, so it must not look like the report."""
    fenced = markdown(judgement({**evidence("binary"), "card": CARD})).split("`" * 8)
    assert len(fenced) == 3
    assert "Approved by the gates" in fenced[1]


def test_what_was_not_checked_is_seen_and_is_no_pass() -> None:
    verdicts = (
        Verdict("load", "pass", "m", "r", "w"),
        Verdict("dependencies", "not checked", "m", "r", "silence"),
    )
    found = Judgement(verdicts, "r-1", "r-2", judgement({}).evidence)
    assert "| dependencies | ❔ not checked |" in markdown(found)


PASS, FAIL, HOLD = (Verdict("g", status, "m", "r", "w") for status in ("pass", "fail", "hold"))


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ((), "passes"),
        ((PASS,), "passes"),
        ((PASS, HOLD), "held"),
        ((HOLD, FAIL), "refused"),
        ((replace(FAIL, override="why"),), "passes"),
        ((replace(FAIL, override="why"), HOLD), "held"),
    ],
)
def test_a_proof_of_harm_outweighs_missing_evidence(
    verdicts: tuple[Verdict, ...], expected: str
) -> None:
    assert outcome(verdicts) == expected


def test_an_override_is_marked_and_gives_its_reason() -> None:
    overridden = replace(FAIL, override="the outage costs more")
    assert mark(overridden) == "⚠️ fail, overridden"
    assert mark(FAIL) == "❌ fail"
    assert because(overridden) == "w. Override: the outage costs more"
    assert because(FAIL) == "w"


@pytest.mark.parametrize(
    ("judged", "champion", "name"),
    [
        ({}, "r-2", "champion r-2"),
        ({}, None, "dummy baseline"),
        ({"url": "http://h"}, "r-2", "r-2, which ran before"),
        ({"url": "http://h"}, None, "nothing: no release ran before"),
    ],
)
def test_a_reference_is_named_for_what_it_is(
    judged: dict[str, str], champion: str | None, name: str
) -> None:
    assert reference_name(Judgement((), "r-1", champion, {"judged": judged})) == name


def test_numbers_have_a_real_minus_sign_and_few_digits() -> None:
    assert [value(n) for n in (None, 0.25, -0.25, 1234.56)] == ["–", "0.2500", "−0.2500", "1,234.6"]
    assert [percent(n) for n in (None, 0.125)] == ["–", "12.5%"]
    assert change({"candidate": 1.0, "reference": 1.5}) == "−0.5000"
    assert change({"candidate": 500.0, "reference": 100.0}) == "+400.0"
    assert change({"candidate": 1.0, "reference": None}) == "–"
    assert span({"lower": -0.5, "upper": 0.25}) == "−0.5000 … +0.2500"
    assert span({"lower": None, "upper": None}) == "–"


def test_nothing_that_is_shown_has_a_blank_name() -> None:
    assert [named(name) for name in ("", "  ", 0, "AA")] == ["(empty)", "(empty)", "0", "AA"]
    segment = np.where(np.arange(ROWS) % 2, "", "AA")
    assert "| carrier = (empty) |" in markdown(judgement(evidence("binary", segment)))


def test_classes_are_shown_with_what_they_are_taken_for() -> None:
    found = evidence("multiclass")
    text = markdown(judgement(found))
    [header] = [line for line in text.splitlines() if line.startswith("| true, by predicted |")]
    assert header.count("|") == 2 + len(found["confusion"]["names"])
    for group in found["classes"]:
        assert (
            f"| {group['name']} | {group['rows']:,} | {percent(group['candidate']['precision'])} |"
            in text
        )
    assert "true, by predicted" not in markdown(judgement(evidence("binary")))
