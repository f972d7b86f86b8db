"""Prediction logs, as the service writes them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from delivery.bento.client import BY_DELIVERY
from delivery.evidence.rollout.answers import Answers
from tests.serving.telemetry.predictions.test_prediction_log import ROW, Desk

ONE, TWO = "r-111111111111", "r-222222222222"


def line(number: int, release: str = ONE, **more: object) -> str:
    item = {
        "release": release,
        "request_id": f"id-{number}",
        "time": f"2026-11-27T10:00:{number:02d}.000+00:00",
        "digest": f"{number:032x}",
        "features": {"x": [0.5]},
        "score": [0.5],
    }
    return json.dumps(item | more) + "\n"


def ids(answers: Answers) -> list[int]:
    return [int(item.digest, 16) for item in answers.read()]


def test_what_the_service_writes_is_read(tmp_path: Path) -> None:
    desk = Desk(tmp_path, release=ONE, hidden=())
    scores = [desk.ask("one", ROW), desk.ask("two", ROW, ROW)]
    lines = desk.lines()
    one, two = Answers(desk.folder, ONE, 100).read()
    assert [list(one.score), list(two.score)] == [pytest.approx(score) for score in scores]
    assert (one.digest, one.features) == (lines[0]["digest"], lines[0]["features"])
    assert one.key != two.key
    assert one.at <= two.at


def test_requests_of_delivery_and_of_other_releases_are_left_out(tmp_path: Path) -> None:
    own = BY_DELIVERY["X-Request-ID"]
    text = line(1) + line(2, TWO) + line(3, request_id=own) + line(4, request_id=ONE)
    (tmp_path / "predictions-1.jsonl").write_text(text + line(5, TWO, request_id=ONE))
    assert ids(Answers(tmp_path, ONE, 100)) == [1, 4]


def test_it_reads_on_where_it_was_and_waits_for_whole_lines(tmp_path: Path) -> None:
    file, answers = tmp_path / "predictions-1.jsonl", Answers(tmp_path, ONE, 100)
    assert ids(answers) == []
    file.write_text(line(1) + line(2)[:40])
    assert ids(answers) == [1]
    file.write_text(line(1) + line(2))
    assert ids(answers) == [2]
    assert ids(answers) == []


def test_a_file_that_is_put_aside_is_not_read_again(tmp_path: Path) -> None:
    file, answers = tmp_path / "predictions-1.jsonl", Answers(tmp_path, ONE, 100)
    file.write_text(line(1))
    assert ids(answers) == [1]
    with file.open("a") as more:
        more.write(line(2))
    file.rename(tmp_path / "predictions-1.jsonl.1")
    file.write_text(line(3))
    assert ids(answers) == [2, 3]


def test_a_file_that_is_emptied_begins_anew(tmp_path: Path) -> None:
    file, answers = tmp_path / "predictions-1.jsonl", Answers(tmp_path, ONE, 100)
    file.write_text(line(1) + line(2))
    assert ids(answers) == [1, 2]
    file.write_text(line(3))
    assert ids(answers) == [3]


def test_files_of_all_workers_are_in_the_order_of_time_and_the_newest_are_kept(
    tmp_path: Path,
) -> None:
    (tmp_path / "predictions-1.jsonl").write_text(line(1) + line(4) + line(5))
    (tmp_path / "predictions-2.jsonl").write_text(line(2) + line(3))
    assert ids(Answers(tmp_path, ONE, 2)) == [2, 3, 4, 5]


@pytest.mark.parametrize("text", ["{\n", "[]\n", f'"{ONE}"\n', f'{{"release":"{ONE}"}}\n'])
def test_what_is_no_line_is_left_out(tmp_path: Path, text: str) -> None:
    (tmp_path / "predictions-1.jsonl").write_text(text + line(1))
    assert ids(Answers(tmp_path, ONE, 9)) == [1]


def test_a_line_of_before_there_were_digests_has_none(tmp_path: Path) -> None:
    item = json.loads(line(1))
    del item["digest"]
    (tmp_path / "predictions-1.jsonl").write_text(json.dumps(item) + "\n")
    assert [item.digest for item in Answers(tmp_path, ONE, 9).read()] == [""]
