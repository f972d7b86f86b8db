"""Feedback and files of events, as they are written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from delivery.errors import InputError
from delivery.evidence.feedback import events, feedback
from delivery.gates.rollout.observations.served import digest
from serving.settings.policy import LogSettings
from serving.telemetry.predictions.feedback_file import FeedbackFile

TIME = "2026-11-27T10:00:00+00:00"


def line(**more: object) -> str:
    item = {"request_id": "one", "time": TIME, "release": "r", "truth": 1}
    return json.dumps({**item, **more}) + "\n"


def test_feedback_is_read_as_the_service_keeps_it(tmp_path: Path) -> None:
    FeedbackFile(tmp_path, LogSettings()).add({"one": line().encode()})
    (item,) = feedback(tmp_path, "outcome")
    assert (item.request, item.value, item.metric) == (digest("one"), 1.0, "outcome")
    assert item.at == 1795773600.0


@pytest.mark.parametrize(
    ("truth", "value"),
    [("true", 1.0), ("False", 0.0), (True, 1.0), (0, 0.0), ("2.5", 2.5), ([1, 0], 0.5)],
)
def test_yes_and_no_are_one_and_nothing(tmp_path: Path, truth: object, value: float) -> None:
    (tmp_path / "feedback.jsonl").write_text(line(truth=truth))
    assert [item.value for item in feedback(tmp_path, "outcome")] == [value]


def test_what_has_no_mean_and_half_lines_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "feedback.jsonl").write_text(line(truth="setosa") + line(truth=[]) + line()[:20])
    (tmp_path / "feedback.jsonl.1").write_text(line())  # put aside, and still counts
    assert len(list(feedback(tmp_path, "outcome"))) == 1
    assert list(feedback(tmp_path / "nowhere", "outcome")) == []


def test_a_file_of_events_names_who(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    shown = {"who": "ann", "time": TIME, "value": 3, "metric": "kept", "before": True}
    file.write_text(json.dumps(shown) + "\n\n" + json.dumps({**shown, "value": True}) + "\n")
    first, second = events(file, str.upper, "outcome")
    assert (first.entity, first.value, first.metric, first.before) == ("ANN", 3.0, "kept", True)
    assert second.value == 1.0


def test_the_last_line_may_be_half_written(tmp_path: Path) -> None:
    file, whole = tmp_path / "events.jsonl", json.dumps({"who": "a", "time": TIME, "value": 1})
    file.write_text(f"{whole}\n{whole[:20]}")
    assert len(list(events(file, str.upper, "outcome"))) == 1
    file.write_text(f"{whole}\n{whole}")
    assert len(list(events(file, str.upper, "outcome"))) == 2


@pytest.mark.parametrize("text", ["{", '{"who": "a"}', '{"who": 1, "time": "now", "value": 1}'])
def test_a_line_that_is_none_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text(text + "\n")
    with pytest.raises(InputError, match=r"events.jsonl:1: .*customer-7"):
        list(events(file, str.upper, "outcome"))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"experiment.outcome"):
        list(events(tmp_path / "none.jsonl", str.upper, "outcome"))
