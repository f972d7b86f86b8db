"""Made anew: identical, close enough, or different, and where it began."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from delivery.gates.supply_chain.reproduction import Evidence, Policy, Stage, judge

RECORDED = (
    Stage("ingest", {"model": "m"}, {"raw": "r"}),
    Stage("train", {"raw": "r"}, {"trained": "t"}),
    Stage("export", {"trained": "t"}, {"model.onnx": "o", "contract.json": "c"}),
)
SAME = Evidence(RECORDED, RECORDED, bento={"a": "1"}, again_bento={"a": "1"})
OTHER = (
    RECORDED[0],
    Stage("train", {"raw": "r"}, {"trained": "u"}),
    Stage("export", {"trained": "u"}, {"model.onnx": "p", "contract.json": "c"}),
)
ANSWERS = np.array([0.5, 0.25])
POLICY = Policy(predictions=0.01, metrics=0.1)


def compared(answers: Any, metrics: dict[str, float], **more: Any) -> Evidence:
    return Evidence(
        RECORDED, OTHER, answers=ANSWERS, again_answers=answers, metrics={"auc": 0.5},
        again_metrics=metrics, **more,
    )  # fmt: skip


def test_identical_is_identical_at_every_level() -> None:
    for level in ("bytes", "metrics"):
        verdict = judge(replace(SAME, level=level), POLICY)  # type: ignore[arg-type]
        assert verdict.status == "pass"
        assert verdict.measured == "identical: 4 artifacts and 1 files of the bento"


def test_the_first_stage_that_differs_is_named_and_how() -> None:
    verdict = judge(replace(SAME, again=OTHER), POLICY)
    assert verdict.status == "fail"
    assert verdict.why == "stage train wrote another trained: from the same inputs"


def test_a_stage_that_read_something_else_says_so() -> None:
    again = (RECORDED[0], Stage("train", {"raw": "x"}, {"trained": "u"}), RECORDED[2])
    assert "it read another raw" in judge(replace(SAME, again=again), POLICY).why


def test_a_stage_that_did_not_run_and_a_bento_that_differs_are_named() -> None:
    assert judge(replace(SAME, again=RECORDED[:2]), POLICY).why == "stage export did not run"
    other = judge(replace(SAME, again_bento={"a": "2"}), POLICY)
    assert other.status == "fail"
    assert "the bento has another a" in other.why


def test_what_differs_by_the_limit_is_close() -> None:
    """Powers of two: the differences are exact."""
    policy = Policy(predictions=2**-7, metrics=2**-4)
    by_the_limit = compared(ANSWERS + 2**-7, {"auc": 0.5 + 2**-5}, elsewhere=("arch arm64",))
    assert judge(by_the_limit, policy).status == "pass"


def test_a_release_without_a_recorded_stage_has_nothing_to_be_made_from() -> None:
    verdict = judge(Evidence((), ()), POLICY)
    assert (verdict.status, verdict.why) == ("hold", "dvc.lock names no stage")


@pytest.mark.parametrize(
    ("answers", "metrics", "status"),
    [
        (ANSWERS + 0.0099, {"auc": 0.5}, "pass"),
        (ANSWERS + 0.0101, {"auc": 0.5}, "fail"),
        (ANSWERS, {"auc": 0.549}, "pass"),
        (ANSWERS, {"auc": 0.551}, "fail"),
        (ANSWERS, {"auc": math.nan}, "fail"),
        (ANSWERS, {"auc": 0.5, "brier": 0.1}, "fail"),
        (ANSWERS, {}, "fail"),
        (np.array([0.5, math.nan]), {"auc": 0.5}, "fail"),
        (ANSWERS[:1], {"auc": 0.5}, "hold"),
        (None, {"auc": 0.5}, "hold"),
    ],
)
def test_on_another_platform_answers_and_metrics_must_be_close(
    answers: Any, metrics: dict[str, float], status: str
) -> None:
    verdict = judge(compared(answers, metrics, elsewhere=("arch arm64, recorded x86_64",)), POLICY)
    assert verdict.status == status
    assert "another platform (arch arm64, recorded x86_64)" in verdict.why


def test_metrics_are_enough_where_only_they_are_promised() -> None:
    close = compared(ANSWERS, {"auc": 0.5})
    assert judge(replace(close, level="metrics"), POLICY).status == "pass"
    assert judge(close, POLICY).status == "fail"


def test_what_was_not_made_holds() -> None:
    assert judge(replace(SAME, missing="no commit"), POLICY).status == "hold"
    assert judge(replace(SAME, recorded=()), POLICY).status == "hold"
