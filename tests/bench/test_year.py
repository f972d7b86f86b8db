"""The pure parts of the year: its days, its faults, its requests, its figures and its page."""

from __future__ import annotations

import itertools
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pandas as pd
import pytest

from bench.gates.page import BEGIN as MARK
from bench.gates.page import END as LAST_MARK
from bench.year.calendar import (
    BEGIN,
    END,
    SHIFT,
    STORIES,
    UNITS,
    Day,
    Story,
    arrived,
    complete,
    weeks,
)
from bench.year.offline.policies import GATED, LAGGED, MODELS, measured, policies
from bench.year.offline.rows import Year
from bench.year.page import PAGE, PLOT, Told, section, write
from bench.year.state import State
from bench.year.traffic import Request, answers, put_back, put_labels_back, requests
from tests.checkout import ROOT

A_DAY = 20


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """Twenty flights a day, in all 24 hours."""
    random = np.random.default_rng(1)
    when = pd.date_range("2013-01-01", "2014-01-01", periods=365 * A_DAY + 1, inclusive="left")
    return pd.DataFrame(
        {
            "scheduled": when,
            "late": random.uniform(size=len(when)) < 0.3,
            "pressure": random.normal(1018, 5, len(when)),
            "distance": 1000,
            "carrier": random.choice(["AA", "UA"], len(when)),
        }
    )


@pytest.fixture(scope="module")
def made(rows: pd.DataFrame) -> Year:
    """The later a model was fitted the better it is."""
    truth = rows["late"].to_numpy(np.float64)
    scores = {month: 0.3 + (truth - 0.3) * month / 20 for month in MODELS}
    return Year(rows, "late", "scheduled", ("pressure", "carrier"), scores)


def test_weeks_cover_every_day_once_and_end_on_mondays() -> None:
    found = weeks(BEGIN, END)
    assert (found[0][0], found[-1][1]) == (BEGIN, END)
    assert all(end == begin for (_, end), (begin, _) in itertools.pairwise(found))
    assert {begin.day_name() for begin, _ in found[1:]} == {"Monday"}


@pytest.mark.parametrize(
    ("morning", "month", "until"),
    [
        ("2013-05-02", 4, "2013-05-01"),  # the label of 30 April came on 1 May
        ("2013-06-01", 4, "2013-05-31"),  # that of 31 May has not
        ("2013-06-02", 5, "2013-06-01"),
        ("2013-06-10", 5, "2013-06-01"),  # June has hardly begun
        ("2013-06-18", 5, "2013-06-17"),
        ("2014-01-02", 12, "2014-01-01"),
    ],
)
def test_nothing_arrives_before_its_label(
    rows: pd.DataFrame, morning: str, month: int, until: str
) -> None:
    assert complete(Day(morning)) == month
    found = arrived(rows, Day(morning))["scheduled"]
    assert found.max() < Day(until) <= found.max() + pd.Timedelta(days=1)


def test_a_unit_changes_until_it_is_mended(rows: pd.DataFrame) -> None:
    story = STORIES["unit"]
    assert story.column in UNITS
    story = Story("unit", column="distance", since=Day("2013-05-20"))
    mended = Day("2013-06-01")
    broken = story.broken(rows, mended)["distance"] == 1609
    assert (broken == rows["scheduled"].between(story.since, mended, inclusive="left")).all()
    assert (story.broken(rows, story.since)["distance"] == 1000).all()
    assert story.learned_from(rows["scheduled"], mended) == broken.sum()
    assert story.learned_from(rows["scheduled"][rows["scheduled"] < mended], mended) == 0


def test_an_alarm_is_true_if_it_names_what_is_broken() -> None:
    story, morning = Story("unit", column="distance", since=Day("2013-05-20")), Day("2013-05-22")
    alarm = {"judge": "units", "details": {"inputs": ["distance"]}}
    assert story.is_about(alarm, morning, END)
    assert not story.is_about(alarm, story.since, END)
    assert story.is_about(alarm, morning, Day("2013-05-21"))  # the window holds broken rows
    assert not story.is_about(alarm, Day("2013-05-30"), Day("2013-05-21"))
    assert not story.is_about({**alarm, "details": {"inputs": ["humidity"]}}, morning, END)
    assert STORIES["labels"].is_about({"judge": "auc"}, Day("2013-09-09"), END)
    assert not STORIES["labels"].is_about({"judge": "loss"}, Day("2013-09-09"), END)


def test_labels_are_those_of_other_flights_in_september_alone(rows: pd.DataFrame) -> None:
    broken = STORIES["labels"].broken(rows, END)["late"].to_numpy()
    at = (rows["scheduled"].dt.month == 9).to_numpy()
    assert (broken[~at] == rows["late"][~at]).all()
    assert (broken[at] == np.roll(rows["late"][at], SHIFT)).all()
    assert (broken[at] != rows["late"][at]).any()


def test_a_request_asks_about_an_hour(rows: pd.DataFrame) -> None:
    day = rows.iloc[: 2 * A_DAY].copy()
    day.loc[0, "pressure"] = np.nan
    found = list(requests(day, ("pressure", "carrier")))
    assert sum(len(each.instances) for each in found) == len(day)
    assert (found[0].id, found[0].day) == ("2013-01-01T00", Day("2013-01-01"))
    assert found[0].instances[0]["pressure"] is None
    assert found[0].truth == list(day["late"][: len(found[0].truth)])


def test_the_clock_is_put_back_and_answers_are_found_again(
    rows: pd.DataFrame, tmp_path: Path
) -> None:
    day = rows.iloc[:A_DAY]
    asked = list(requests(day, ("pressure",)))
    lines = [_line(each, 0.25) for each in asked]
    lines += [_line(asked[0], 0.75), _line(Request("delivery.gate", BEGIN, [{}], [True]), 0.5)]
    (tmp_path / "predictions-1.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    out = tmp_path / "log"
    out.mkdir()
    count = put_back(tmp_path, {each.id for each in asked}, out / "predictions-20130101.jsonl")
    assert count == len(asked)
    first = orjson.loads((out / "predictions-20130101.jsonl").read_bytes().splitlines()[0])
    assert first["time"] == "2013-01-01T00:00:00+00:00"
    release, scores = answers(out, rows.iloc[: 2 * A_DAY])
    assert list(scores[:A_DAY]) == [0.25] * A_DAY
    assert np.isnan(scores[A_DAY:]).all()
    assert set(release) == {"r-1", ""}


def test_labels_come_a_day_after_the_flights_day(tmp_path: Path) -> None:
    told = {"request_id": "2013-01-31T23", "time": "2026-01-01T00:00:00+00:00", "truth": [True]}
    (tmp_path / "feedback.jsonl.1").write_bytes(orjson.dumps(told) + b"\n")
    put_labels_back(tmp_path, tmp_path / "out")
    [line] = (tmp_path / "out").read_bytes().splitlines()
    assert orjson.loads(line) == told | {"time": "2013-02-02T00:00:00+00:00"}


def _line(request: Request, score: float) -> bytes:
    content = {"release": "r-1", "request_id": request.id, "time": "2026-01-01T00:00:00+00:00"}
    return orjson.dumps(content | {"score": [score] * len(request.instances)})


def test_more_data_is_better_where_models_are_better(made: Year) -> None:
    found = policies(made)
    assert [policy.releases for policy in found.values()] == [0, 8, 8, 8]
    never, whole, lagged, gated = (policy.months["5-12"].loss for policy in found.values())
    assert whole < lagged < never
    assert gated == lagged


def test_a_worse_model_does_not_pass_the_gate(made: Year) -> None:
    worse = replace(made, scores={**made.scores, 6: 1 - made.scores[6]})
    found = policies(worse)
    assert found[GATED].releases == 7
    assert found[GATED].months["8"].loss < found[LAGGED].months["8"].loss


def test_figures_leave_out_what_nobody_answered(made: Year) -> None:
    scores = np.where(made.month == 6, made.scores[3], np.nan)
    found = measured(made, scores, releases=1).months
    assert set(found) == {"6", "5-8", "5-12"}
    assert found["6"].rows == 30 * A_DAY


@pytest.fixture
def told(made: Year) -> dict[str, Told]:
    events = [
        {"day": "2013-05-02", "kind": "release", "release": "r-1"},
        {"day": "2013-06-03", "kind": "retrain", "month": 5, "unchanged": False},
        {"day": "2013-06-03", "kind": "gate", "pull": 3, "passed": False, "blocking": [
            {"gate": "champion", "status": "hold", "measured": "+2%", "required": "2%",
             "why": "few rows"},
            {"gate": "data", "status": "hold", "measured": "9 rows", "required": "",
             "why": "column x is gone"}]},
        {"day": "2013-06-10", "kind": "look", "decision": "nothing", "outcome": "",
         "proposed": False},
        {"day": "2013-06-10", "kind": "release", "release": "r-1"},
        {"day": "2013-06-11", "kind": "alarm", "judge": "units", "measured": "x", "true": True},
        {"day": "2013-06-12", "kind": "alarm", "judge": "missing", "measured": "x", "true": False},
    ]  # fmt: skip
    state = State(requests=10, rows=200, events=events, learned=0)
    assert state.releases == 1, "the same model again is no other"
    figures = measured(made, made.scores[3], releases=0)
    return {name: Told(story, state, figures) for name, story in STORIES.items()}


def test_the_page_says_what_was_found(made: Year, told: dict[str, Told], tmp_path: Path) -> None:
    text = section(policies(made), told)
    assert (
        "| 2013-06-03 | May is complete | no | `champion` hold: +2%; `data` hold: column x" in text
    )
    assert "| `missing` | 1 | 2013-06-12 |" in text
    assert "| 2013-06-11 | `units` | 0 |" in text
    shutil.copy(ROOT / "docs" / PAGE, tmp_path)
    write(policies(made), told, tmp_path)
    assert text in (tmp_path / PAGE).read_text(encoding="utf-8")
    assert (tmp_path / PLOT).read_text(encoding="utf-8").startswith("<?xml")


def test_before_the_loop_has_answered_the_page_compares_the_others(
    made: Year, tmp_path: Path
) -> None:
    shutil.copy(ROOT / "docs" / PAGE, tmp_path)
    write(policies(made), {}, tmp_path)
    text = (tmp_path / PAGE).read_text(encoding="utf-8")
    assert "| never | monthly, all data | monthly, exam's lag | monthly, gated |" in text
    assert (tmp_path / PLOT).is_file()


def test_the_page_has_the_marks_once() -> None:
    text = (ROOT / "docs" / PAGE).read_text(encoding="utf-8")
    assert (text.count(MARK), text.count(LAST_MARK)) == (1, 1)
