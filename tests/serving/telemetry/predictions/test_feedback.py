"""The truth that comes later is kept once, and only if it makes sense."""

from __future__ import annotations

import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from serving.contract import Task
from serving.errors import Refusal
from serving.segments.lines import append
from serving.settings.host import Host
from serving.telemetry.predictions.feedback import MOST, Feedback
from serving.telemetry.predictions.feedback_file import NAME
from tests.serving.conftest import client_of
from tests.serving.disks import Disk
from tests.serving.telemetry.counted import ROW, value
from tests.serving.tiny import tiny_contract


def item(identity: Any = "one", truth: Any = True) -> dict[str, Any]:
    return {"request_id": identity, "truth": truth}


def kept(folder: Path) -> list[Any]:
    return [json.loads(line) for line in (folder / NAME).read_text().splitlines()]


def unwritten() -> float:
    return value("serving_feedback_total", outcome="unwritten", release="r-0123456789ab")


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


def test_feedback_that_a_full_disk_refused_is_accepted_once_there_is_room(
    models: dict[Task, Path], disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    """Over HTTP; the client learns that it was not kept, and nothing of it is in the file."""
    client = client_of(models["binary"], host=Host(local=True, log_folder=disk.folder))
    assert client.post("/feedback", json={"feedback": [item("before")]}).status_code == 200
    disk.fill()
    more = {"feedback": [item(f"{number}-{'x' * 100}") for number in range(300)]}
    before = unwritten()
    for _ in range(2):
        answer = client.post("/feedback", json=more)
        assert answer.status_code == 503
        assert answer.json()["error"]["message"].startswith("feedback cannot be written")
    assert unwritten() == before + 600
    assert [line["request_id"] for line in kept(disk.folder)] == ["before"], "no half line"
    assert "Traceback" not in caplog.text
    disk.grow()
    for expected in ({"accepted": 300, "duplicates": 0}, {"accepted": 0, "duplicates": 300}):
        assert client.post("/feedback", json=more).json() == expected
    assert len(kept(disk.folder)) == 301
    assert 'serving_feedback_total{outcome="unwritten"' in client.get("/metrics").text


def test_a_folder_that_vanishes_and_comes_back(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    feedback = Feedback(tiny_contract(), folder, "r-1")
    assert feedback({"feedback": [item("a")]})["accepted"] == 1
    shutil.rmtree(folder)
    folder.write_text("a file is in the way")
    with pytest.raises(Refusal, match="cannot be written") as caught:
        feedback({"feedback": [item("b")]})
    assert caught.value.status == 503
    folder.unlink()
    assert feedback({"feedback": [item("b")]})["accepted"] == 1
    assert [line["request_id"] for line in kept(folder)] == ["b"]


def test_a_slow_disk_holds_one_thread_and_refuses_the_rest(
    models: dict[Task, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One write hangs. Feedback that comes meanwhile is refused, and predictions are answered."""
    client = client_of(models["binary"], host=Host(local=True, log_folder=tmp_path))
    hangs, goes_on = threading.Event(), threading.Event()

    def slow(file: int, lines: bytes) -> int:
        hangs.set()
        assert goes_on.wait(60)
        return append(file, lines)

    monkeypatch.setattr("serving.telemetry.predictions.feedback_file.append", slow)
    monkeypatch.setattr("serving.telemetry.predictions.feedback_file.PATIENCE", 0.05)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.post, "/feedback", json={"feedback": [item("a")]})
        try:
            assert hangs.wait(60)
            refused = client.post("/feedback", json={"feedback": [item("b")]})
            assert client.post("/predict", json={"instances": [ROW]}).status_code == 200
        finally:
            goes_on.set()
        assert first.result(60).json() == {"accepted": 1, "duplicates": 0}
    assert (refused.status_code, "slow" in refused.text) == (503, True)


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
