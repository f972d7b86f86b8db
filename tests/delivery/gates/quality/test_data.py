"""Data that needs a person's eyes holds, and says where to look."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from delivery.gates.leaks import Skill, Twins
from delivery.gates.quality.data import Evidence, Policy, Profile, judge
from delivery.gates.verdict import Verdict

POLICY = Policy(rows=0.5, missing_jump=0.25, label_jump=0.25, tells=0.75)
SPLITS = ("train", "validation", "holdout")
GOOD = Profile(
    rows=dict.fromkeys(SPLITS, 100),
    kinds={"wind": "number", "carrier": "text"},
    missing={split: {"wind": 0.25, "carrier": 0.0} for split in SPLITS},
    labels={split: {"yes": 0.5, "no": 0.5} for split in SPLITS},
    repeated=0,
    shared=0,
    ordered=True,
    tells={"wind": 0.7, "carrier": 0.6},
)


def against_champion(policy: Policy = POLICY, **change: Any) -> Verdict:
    return judge(Evidence(replace(GOOD, **change), GOOD), policy)


def alone(policy: Policy = POLICY, **change: Any) -> Verdict:
    return judge(Evidence(replace(GOOD, **change), first=True), policy)


def test_good_data_passes_alone_and_beside_the_champions() -> None:
    assert alone().status == against_champion().status == "pass"


@pytest.mark.parametrize(("value", "status"), [(0.74, "pass"), (0.75, "hold"), (0.76, "hold")])
def test_a_column_that_tells_the_label_holds(value: float, status: str) -> None:
    verdict = alone(tells={"wind": value, "carrier": 0.6})
    assert verdict.status == status
    assert ("column wind alone tells the label" in verdict.why) == (status == "hold")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"repeated": 1}, "1 row ids stand more than once"),
        ({"shared": 1}, "1 row ids stand in two splits"),
        ({"ordered": False}, "the holdout begins before"),
    ],
)
def test_splits_that_are_not_apart_hold(change: dict[str, Any], text: str) -> None:
    for verdict in (alone(**change), against_champion(**change)):
        assert verdict.status == "hold"
        assert text in verdict.why


def test_a_split_that_never_went_by_time_need_not() -> None:
    one = replace(GOOD, ordered=False)
    assert judge(Evidence(one, one), POLICY).status == "pass"
    assert alone(ordered=None).status == "pass"


@pytest.mark.parametrize(("rows", "status"), [(49, "hold"), (50, "pass"), (51, "pass")])
@pytest.mark.parametrize("split", SPLITS)
def test_rows_may_not_go_below_a_share_of_the_champions(rows: int, status: str, split: str) -> None:
    assert against_champion(rows=GOOD.rows | {split: rows}).status == status


@pytest.mark.parametrize(
    ("kinds", "text"),
    [
        ({"wind": "number"}, "column carrier is gone"),
        ({"wind": "text", "carrier": "text"}, "column wind was number and is text"),
    ],
)
def test_a_column_that_went_or_changed_holds(kinds: dict[str, str], text: str) -> None:
    verdict = against_champion(kinds=kinds)
    assert (verdict.status, verdict.why) == ("hold", text)
    assert against_champion(kinds=GOOD.kinds | {"new": "time"}).status == "pass"


@pytest.mark.parametrize(
    ("share", "status"), [(0.49, "pass"), (0.5, "pass"), (0.51, "hold"), (np.nan, "hold")]
)
def test_missing_values_may_not_jump(share: float, status: str) -> None:
    jumped = GOOD.missing | {"holdout": {"wind": share, "carrier": 0.0}}
    assert against_champion(missing=jumped).status == status


@pytest.mark.parametrize(("share", "status"), [(0.74, "pass"), (0.75, "pass"), (0.76, "hold")])
def test_the_share_of_a_label_may_not_jump(share: float, status: str) -> None:
    jumped = GOOD.labels | {"train": {"yes": share, "no": 0.5}}
    assert against_champion(labels=jumped).status == status


@pytest.mark.parametrize(
    ("share", "status"),
    [(0.39, "hold"), (0.4, "pass"), (0.6, "pass"), (0.61, "hold"), (np.nan, "hold")],
)
def test_the_share_of_a_label_stays_within_declared_bounds(share: float, status: str) -> None:
    policy = Policy(labels={"yes": (0.4, 0.6)})
    assert alone(policy, labels={"train": {"yes": share}}).status == status
    assert alone(policy, labels={"train": {"no": 1.0}}).status == "hold"


def test_missing_profiles_hold() -> None:
    assert judge(Evidence(None, missing="no file"), POLICY).why == "no file"
    assert judge(Evidence(GOOD), POLICY).status == "hold"


COPIES = Twins(distinct=1.0, placebo=0.0, holdout={"train": 0.5, "validation": 0.0})
TIMETABLE = replace(COPIES, distinct=0.5)


@pytest.mark.parametrize(
    ("signs", "text"),
    [
        ({"backdated": {"train": 0.02}}, "2.0% of train are rows"),
        ({"twins": COPIES}, "50.0% of the holdout or more stand in train"),
        ({"skill": Skill(0.9, {"wind": 0.9})}, "column wind alone has the skill 0.90"),
    ],
)
def test_signs_of_a_leak_hold_alone_and_beside_the_champion(
    signs: dict[str, Any], text: str
) -> None:
    for evidence in (Evidence(GOOD, first=True, **signs), Evidence(GOOD, GOOD, **signs)):
        verdict = judge(evidence, POLICY)
        assert verdict.status == "hold"
        assert text in verdict.why


def test_a_reason_of_the_author_ends_the_hold_for_that_column_alone() -> None:
    reasons = {"wind": "the reading of last night"}
    strong = Skill(0.9, {"wind": 0.9})
    tells = replace(GOOD, tells={"wind": 0.99, "carrier": 0.6})
    verdict = judge(Evidence(tells, GOOD, skill=strong, known_before=reasons), POLICY)
    assert verdict.status == "pass"
    assert verdict.details["known_before"] == reasons
    others = {"carrier": "of the timetable"}
    assert judge(Evidence(GOOD, GOOD, skill=strong, known_before=others), POLICY).status == "hold"


@pytest.mark.parametrize(
    ("signs", "text"),
    [
        ({}, "; copied rows cannot be told"),
        ({"twins": TIMETABLE}, "cannot be told: 50% of the training rows have values of their own"),
        ({"twins": replace(COPIES, holdout={"train": 0.0})}, ""),
        ({"twins": TIMETABLE, "backdated": {"train": 0.0}}, ""),
    ],
)
def test_what_rows_cannot_tell_is_said(signs: dict[str, Any], text: str) -> None:
    verdict = judge(Evidence(GOOD, GOOD, **signs), POLICY)
    assert verdict.status == "pass"
    assert verdict.why.removeprefix("the data is as it should be").endswith(text)
    assert ("cannot be told" in verdict.why) == bool(text)
