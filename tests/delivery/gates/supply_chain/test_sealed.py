"""Who fitted again says what counts; who only says so does not."""

from __future__ import annotations

import math

import pytest

from delivery.gates.supply_chain.sealed import Evidence, Policy, Refit, judge
from delivery.gates.verdict import Status

HELD = {"train": ("files", "network"), "export": ("files", "network")}
ELSEWHERE = "trained on A, here B"


def status(**facts: object) -> Status:
    return judge(Evidence(**facts), Policy()).status  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("refit", "expected"),
    [
        (Refit(same=True), "pass"),
        (Refit(same=False, distance=1e-5, tolerance=1e-5), "pass"),
        (Refit(same=False, distance=1e-5, tolerance=1e-5, elsewhere=ELSEWHERE), "pass"),
        (Refit(same=False, distance=1.1e-5, tolerance=1e-5), "fail"),
        (Refit(same=False, distance=math.nan, tolerance=1e-5), "fail"),
        (Refit(same=False, distance=1.1e-5, tolerance=1e-5, elsewhere=ELSEWHERE), "hold"),
        (Refit(same=False, distance=None), "hold"),
    ],
)
@pytest.mark.parametrize("stated", [HELD, {}, {"train": ()}])
def test_what_came_of_fitting_again_decides_whatever_was_stated(
    refit: Refit, expected: str, stated: dict[str, tuple[str, ...]]
) -> None:
    assert status(refit=refit, stated=stated, in_job=True) == expected


@pytest.mark.parametrize("stated", [HELD, {}])
def test_a_statement_alone_is_no_pass(stated: dict[str, tuple[str, ...]]) -> None:
    verdict = judge(Evidence(stated, missing="nobody fitted"), Policy())
    assert (verdict.status, verdict.why) == ("not checked", "nobody fitted")
    assert verdict.details["level"] is None
    assert status(stated=stated, missing="no Landlock", in_job=True) == "hold"


def test_a_person_reads_what_the_training_said() -> None:
    shown = [judge(Evidence(stated), Policy()).measured for stated in ({}, HELD, {"train": ()})]
    assert shown == [
        "no statement of the training",
        "its statement: sealed (files, network)",
        "its statement: train ran unsealed",
    ]


@pytest.mark.parametrize("in_job", [True, False])
def test_a_statement_about_other_bytes_holds_everywhere(in_job: bool) -> None:
    doubts = ("the statement of train is about another model/fit.py",)
    verdict = judge(Evidence(HELD, doubts, in_job=in_job), Policy())
    assert verdict.status == "hold"
    assert doubts[0] in verdict.why
    assert "dvc repro --force train" in verdict.why


def test_a_stage_that_does_not_run_sealed_fails() -> None:
    verdict = judge(Evidence(HELD, refused="train: Permission denied", in_job=True), Policy())
    assert (verdict.status, "Permission denied" in verdict.why) == ("fail", True)


def test_the_same_bytes_need_no_second_refit_for_the_next_environment() -> None:
    verdict = judge(Evidence(upstream="staging", in_job=True), Policy())
    assert (verdict.status, verdict.measured) == ("pass", "as for staging")
    assert verdict.details["level"] == "as for staging"


@pytest.mark.parametrize("in_job", [True, False])
def test_an_attested_training_passes_anywhere_and_the_level_says_why(in_job: bool) -> None:
    verdict = judge(Evidence(attested="ci", in_job=in_job), Policy())
    assert (verdict.status, verdict.measured) == ("pass", "attested by ci")
    assert verdict.details["level"] == "attested"
    refitted = judge(Evidence(refit=Refit(same=True), in_job=True), Policy())
    assert refitted.details["level"] == "refitted"


def test_why_a_statement_does_not_count_is_told_where_nothing_else_passes() -> None:
    why = "training.json does not count: train ran unsealed"
    for facts in ({"missing": "no Landlock"}, {"refused": "stops"}, {"doubts": ("another x",)}):
        verdict = judge(Evidence(unattested=why, in_job=True, **facts), Policy())  # type: ignore[arg-type]
        assert verdict.why.endswith(why)
    assert why not in judge(Evidence(refit=Refit(same=True), unattested=why), Policy()).why
