"""The truth that comes later is kept once, and only if it makes sense."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from serving.contract import Task
from serving.errors import Refusal
from serving.settings.host import Host
from serving.settings.policy import LogSettings
from serving.telemetry.feedback import MOST, NAME, Feedback
from tests.serving.conftest import client_of
from tests.serving.tiny import tiny_contract


def item(identity: Any = "one", truth: Any = True) -> dict[str, Any]:
    return {"request_id": identity, "truth": truth}


def kept(folder: Path) -> list[Any]:
    return [json.loads(line) for line in (folder / NAME).read_text().splitlines()]


@pytest.fixture
def feedback(tmp_path: Path) -> Feedback:
    return Feedback(tiny_contract(), tmp_path, "r-1")


def test_feedback_is_kept_once(feedback: Feedback, tmp_path: Path) -> None:
    assert feedback({"feedback": [item(), item("two", [True, False])]}) == {
        "accepted": 2,
        "duplicates": 0,
    }
    again = {"feedback": [item(truth=False), item("three"), item("three")]}
    assert feedback(again) == {"accepted": 1, "duplicates": 2}
    found = [(line["request_id"], line["truth"]) for line in kept(tmp_path)]
    assert found == [("one", "True"), ("two", ["True", "False"]), ("three", "True")]


def test_other_workers_and_a_restart_know_what_came_before(
    feedback: Feedback, tmp_path: Path
) -> None:
    other = Feedback(tiny_contract(), tmp_path, "r-2")
    assert feedback({"feedback": [item("a")]})["accepted"] == 1
    assert other({"feedback": [item("a"), item("b")]}) == {"accepted": 1, "duplicates": 1}
    assert feedback({"feedback": [item("b")]})["duplicates"] == 1
    assert Feedback(tiny_contract(), tmp_path, "r-1")({"feedback": [item("a")]})["duplicates"] == 1


def test_a_line_that_was_cut_off_does_no_harm(feedback: Feedback, tmp_path: Path) -> None:
    feedback({"feedback": [item("a")]})
    with (tmp_path / NAME).open("a") as file:
        file.write('{"request_id": "b", "tru')
    restarted = Feedback(tiny_contract(), tmp_path, "r-1")
    assert restarted({"feedback": [item("a"), item("b")]}) == {"accepted": 1, "duplicates": 1}
    assert json.loads((tmp_path / NAME).read_text().splitlines()[-1])["request_id"] == "b"


def test_a_file_that_was_put_aside_is_begun_anew(feedback: Feedback, tmp_path: Path) -> None:
    feedback({"feedback": [item("a")]})
    (tmp_path / NAME).rename(tmp_path / "old.jsonl")
    assert feedback({"feedback": [item("b")]})["accepted"] == 1
    assert [line["request_id"] for line in kept(tmp_path)] == ["b"]


def test_the_files_are_bounded_and_what_they_hold_is_known(tmp_path: Path) -> None:
    """To this worker, to one beside it and to one that is started later."""
    log = LogSettings(file_bytes=1024, files=3)
    one, beside = (Feedback(tiny_contract(), tmp_path, "r-1", log) for _ in range(2))
    for number in range(60):
        told = beside if number % 2 else one
        assert told({"feedback": [item(f"id-{number}")]})["accepted"] == 1
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files if file.stat().st_size] == [
        name for name in (NAME, f"{NAME}.1", f"{NAME}.2") if (tmp_path / name).exists()
    ]
    assert len(files) <= 3
    assert max(file.stat().st_size for file in files) < 1024 + 200
    written = [
        json.loads(line)["request_id"] for file in files for line in file.read_text().splitlines()
    ]
    assert len(set(written)) == len(written)
    assert "id-59" in written
    later = Feedback(tiny_contract(), tmp_path, "r-1", log)
    for worker in (one, beside, later):
        known = {"feedback": [item(identity) for identity in written]}
        assert worker(known) == {"accepted": 0, "duplicates": len(written)}


def test_one_file_alone_is_begun_anew(tmp_path: Path) -> None:
    log = LogSettings(file_bytes=1024, files=1)
    feedback = Feedback(tiny_contract(), tmp_path, "r-1", log)
    for number in range(30):
        feedback({"feedback": [item(f"id-{number}")]})
    assert [file.name for file in tmp_path.iterdir()] == [NAME]
    assert (tmp_path / NAME).stat().st_size <= 1024


@pytest.mark.parametrize(
    ("task", "truth", "written"),
    [
        ("binary", True, "True"),
        ("binary", "False", "False"),
        ("binary", "true", "True"),
        ("multiclass", "on time", "on time"),
        ("regression", 3, 3),
        ("regression", -2.5, -2.5),
    ],
)
def test_labels_are_written_as_the_contract_does(
    tmp_path: Path, task: Task, truth: Any, written: Any
) -> None:
    Feedback(tiny_contract(task), tmp_path, "r-1")({"feedback": [item(truth=truth)]})
    assert kept(tmp_path)[0]["truth"] == written


@pytest.mark.parametrize(
    ("task", "wrong"),
    [
        ("binary", item(truth="perhaps")),
        ("binary", item(truth=None)),
        ("binary", item(truth=[])),
        ("binary", item(truth=[True, 2])),
        ("binary", item(truth={"label": True})),
        ("binary", item(truth=[[True]])),
        ("regression", item(truth=True)),
        ("regression", item(truth="3")),
        ("regression", item(truth=float("inf"))),
        ("binary", item(identity="")),
        ("binary", item(identity="a b")),
        ("binary", item(identity="x" * 129)),
        ("binary", item(identity=7)),
        ("binary", {"request_id": "one"}),
        ("binary", {"truth": True}),
        ("binary", None),
        ("binary", []),
    ],
)
def test_what_makes_no_sense_is_refused_whole(tmp_path: Path, task: Task, wrong: Any) -> None:
    feedback = Feedback(tiny_contract(task), tmp_path, "r-1")
    right = item("fine", 1.5 if task == "regression" else True)
    with pytest.raises(Refusal, match="feedback 1") as caught:
        feedback({"feedback": [right, wrong]})
    assert caught.value.status == 422
    assert not (tmp_path / NAME).exists()


@pytest.mark.parametrize(
    "document", [None, [], {}, {"feedback": {}}, {"feedback": []}, {"feedback": [1] * (MOST + 1)}]
)
def test_a_document_of_another_shape_is_refused(feedback: Feedback, document: Any) -> None:
    with pytest.raises(Refusal, match="1 to 10000"):
        feedback(document)


@pytest.fixture
def client(models: dict[Task, Path], tmp_path: Path) -> TestClient:
    return client_of(models["binary"], host=Host(local=True, log_folder=tmp_path))


def test_feedback_over_http(client: TestClient, tmp_path: Path) -> None:
    answer = client.post("/feedback", json={"feedback": [item()]})
    assert (answer.status_code, answer.json()) == (200, {"accepted": 1, "duplicates": 0})
    assert client.post("/feedback", json={"feedback": [item(truth=3)]}).status_code == 422
    assert client.post("/feedback", content=b"{").status_code == 400
    assert client.get("/feedback").status_code == 405
    assert [line["request_id"] for line in kept(tmp_path)] == ["one"]


def test_feedback_is_refused_where_it_is_not_kept(models: dict[Task, Path]) -> None:
    answer = client_of(models["binary"]).post("/feedback", json={"feedback": [item()]})
    assert answer.status_code == 404
    assert "SERVING_LOG_FOLDER" in answer.json()["error"]["message"]
