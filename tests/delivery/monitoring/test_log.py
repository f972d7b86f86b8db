"""The prediction log is read as it was written, and what cannot be read is counted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from delivery.errors import InputError
from delivery.monitoring.judges.rows import DAY
from delivery.monitoring.log import read
from tests.delivery.monitoring.logged import CONTRACT, INPUTS, START, changed, log, write


def test_rows_and_labels_come_back(tmp_path: Path) -> None:
    made = changed(log(3, a_day=20), 2, labels=np.nan, inputs={"heat": np.nan, "carrier": None})
    reading = read(str(write(tmp_path, made)), CONTRACT, 0)
    rows = reading.rows
    assert reading.skipped == 0
    np.testing.assert_allclose(rows.time, made.rows.time, atol=0.001)
    np.testing.assert_array_equal(rows.scores, made.rows.scores)
    np.testing.assert_array_equal(rows.labels, made.rows.labels)
    assert rows.release.tolist() == made.rows.release.tolist()
    np.testing.assert_array_equal(rows.inputs["heat"], made.rows.inputs["heat"])
    assert rows.inputs["carrier"].tolist() == made.rows.inputs["carrier"].tolist()


def test_older_rows_are_left_where_they_are(tmp_path: Path) -> None:
    rows = read(str(write(tmp_path, log(3, a_day=20))), CONTRACT, START + 2 * DAY).rows
    assert len(rows) == 20


def put(folder: Path, *lines: object, name: str = "predictions-9.jsonl") -> None:
    text = "".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines)
    (folder / name).write_text(text)


def request(identity: str, rows: int = 1, **changes: object) -> dict[str, object]:
    features = {"heat": [1.5] * rows, "count": [1] * rows, "carrier": ["AA"] * rows}
    line = {"release": "r-1", "request_id": identity, "time": "2024-10-04T00:00:00+00:00",
            "features": features, "score": [0.25] * rows}  # fmt: skip
    return line | changes


def test_a_request_of_several_rows_has_a_label_for_each(tmp_path: Path) -> None:
    put(tmp_path, request("a", 2), request("b", 2))
    put(tmp_path, {"request_id": "a", "truth": ["True", "False"]},
        {"request_id": "b", "truth": ["True"]}, name="feedback.jsonl")  # fmt: skip
    labels = read(str(tmp_path), CONTRACT, 0).rows.labels
    np.testing.assert_array_equal(labels, [1, 0, np.nan, np.nan])


def test_the_first_label_of_a_request_counts(tmp_path: Path) -> None:
    put(tmp_path, request("a"))
    put(tmp_path, {"request_id": "a", "truth": "True"}, {"request_id": "a", "truth": "False"},
        name="feedback.jsonl")  # fmt: skip
    assert read(str(tmp_path), CONTRACT, 0).rows.labels.tolist() == [1]


def test_the_first_label_counts_in_whatever_segment_it_stands(tmp_path: Path) -> None:
    put(tmp_path, request("a"))
    put(tmp_path, told("a", "True", "2024-10-06"), name="feedback.jsonl.1")
    put(tmp_path, told("a", "False", "2024-10-05"), name="feedback.jsonl.2")
    assert read(str(tmp_path), CONTRACT, 0).rows.labels.tolist() == [0]


def test_labels_that_came_another_way_count_where_no_feedback_came(tmp_path: Path) -> None:
    put(tmp_path, request("a"), request("b"), request("c", 2), request("d"))
    put(tmp_path, told("a", "True", "2024-10-05"), name="feedback.jsonl")
    others = [told("a", "False"), told("b", "False"), told("c", ["True", "False"]),
              told("d", "no class"), told("unknown", "True")]  # fmt: skip
    lines = [json.dumps(each).encode() for each in others]
    reading = read(str(tmp_path), CONTRACT, 0, lines)
    np.testing.assert_array_equal(reading.rows.labels, [1, 0, 1, 0, np.nan])
    np.testing.assert_array_equal(reading.delays / DAY, [1, 2, 2])


def told(identity: str, truth: object, day: str = "2024-10-06") -> dict[str, object]:
    return {"request_id": identity, "time": f"{day}T00:00:00+00:00", "truth": truth}


def test_requests_of_delivery_itself_are_no_clients(tmp_path: Path) -> None:
    put(tmp_path, request("delivery.gate"), request("a"))
    assert len(read(str(tmp_path), CONTRACT, 0).rows) == 1


@pytest.mark.parametrize(
    "line",
    [
        '{"release": "r-1", "requ',
        "[]\n",
        "\n",
        {"release": "r-1"},
        request("a", time="yesterday"),
        request("a", score=[0.1, 0.2]),
        request("a", features={"heat": [1, 2]}),
    ],
)
def test_what_cannot_be_read_is_counted_and_nothing_of_it_taken(
    tmp_path: Path, line: object
) -> None:
    put(tmp_path, request("b"), line)
    reading = read(str(tmp_path), CONTRACT, 0)
    assert (len(reading.rows), reading.skipped) == (1, 1)
    assert {len(reading.rows.inputs[name]) for name in INPUTS} == {1}


def test_an_input_that_a_release_did_not_know_is_missing(tmp_path: Path) -> None:
    put(tmp_path, request("a", features={"carrier": ["AA"]}))
    rows = read(str(tmp_path), CONTRACT, 0).rows
    assert np.isnan(rows.inputs["heat"][0])


def test_an_empty_folder_has_no_rows_and_none_is_an_error(tmp_path: Path) -> None:
    assert len(read(str(tmp_path), CONTRACT, 0).rows) == 0
    with pytest.raises(InputError, match=r"nowhere is not there.*SERVING_LOG_FOLDER.*--log"):
        read(str(tmp_path / "nowhere"), CONTRACT, 0)
