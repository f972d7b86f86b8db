"""The page of a rollout is whole in itself, and says what happened."""

from __future__ import annotations

from dataclasses import replace

import pytest

from delivery.gates.verdict import Verdict
from delivery.report.rollout import Curves, Moment, RolloutReport, rollout_html

BEGUN = 1_795_000_000.0
SEGMENTS = {"region": [{"value": "<n>", "pairs": 1234, "mean_delta": 0.01, "flips": 0.025}]}
ROLLOUT = RolloutReport(
    environment="production",
    attempt="a" * 40,
    candidate="r-222222222222",
    champion="r-111111111111",
    state="rejected",
    why="<b>slow</b>",
    moments=[
        Moment(BEGUN, "step-1", "5% beside r-111111111111", "ada@laptop"),
        Moment(BEGUN + 90, "rejected", "latency: slower", "ada@laptop"),
    ],
    curves=Curves(
        planned=[(BEGUN, 0), (BEGUN, 5), (BEGUN + 90, 5), (BEGUN + 90, 0)],
        met=[(BEGUN + 30, 4.5), (BEGUN + 60, 5.5)],
        candidate=[(BEGUN, 1), (BEGUN + 90, 50)],
        champion=[(BEGUN, 0), (BEGUN + 90, 950)],
        changed=[(1, 0.0), (1000, 2.5)],
        failing=[(1, 0.0), (1000, 0.0)],
    ),
    verdicts=(
        Verdict("shadow", "pass", "2.5% changed", "5%", "alike", {"segments": SEGMENTS}),
        Verdict("rollout_latency", "fail", "40% slower", "at most 15%", "it is slower, proven"),
    ),
)


def test_the_page_needs_nothing_else_and_escapes() -> None:
    page = rollout_html(ROLLOUT)
    for outside in ("http:", "https:", "<script", "<link", "url(", "@import", "src="):
        assert outside not in page
    assert "&lt;b&gt;slow&lt;/b&gt;" in page
    assert "&lt;n&gt;" in page


def test_it_has_the_timeline_the_curves_and_the_verdicts() -> None:
    page = rollout_html(ROLLOUT)
    assert page.index("5% beside r-111111111111") < page.index("latency: slower")
    assert "2026-11-18 11:06:40" in page
    for title in ("Share of the clients", "Requests", "Pairs"):
        assert f"<b>{title}</b>" in page
    assert "for 1.5 minutes" in page
    for shown in ("40% slower", "at most 15%", "it is slower, proven", "1,234", "2.50%"):
        assert shown in page
    assert 'class="outcome refused">rejected<' in page
    assert "<b>Failures</b>" not in page, "nothing was written down"


def test_where_the_records_are_gone_it_says_so() -> None:
    bare = replace(ROLLOUT, curves=Curves(), verdicts=())
    page = rollout_html(bare)
    assert "<figure>" not in page
    assert "the next rollout begins" in page
    assert "the next rollout begins" not in rollout_html(ROLLOUT)


@pytest.mark.parametrize(("state", "outcome"), [("verified", "passes"), ("rolling out", "held")])
def test_a_state_has_its_colour(state: str, outcome: str) -> None:
    assert f'class="outcome {outcome}">{state}<' in rollout_html(replace(ROLLOUT, state=state))
