"""What is written down about requests, and what never is."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from serving.predict.loaded_model import load_model
from serving.predict.predictor import Predictor, Query
from serving.settings.host import Host
from serving.settings.service import ServingSettings, Start
from serving.telemetry.prediction_log import ROWS, PredictionLog
from serving.telemetry.request_context import CONTEXT, RequestContext
from serving.telemetry.rotation import RotatingFile
from tests.delivery.running import eventually
from tests.serving.conftest import client_of
from tests.serving.tiny import write_tiny_model

ROW = {"distance": 800.1, "wind": None, "hour": 9, "weekend": False, "carrier": "UA"}


class Desk:
    """A prediction log over a tiny model; written when a test says so."""

    def __init__(self, folder: Path, release: str = "r-1", key: str = "", **log: Any) -> None:
        hidden = {"carrier": {"sensitive": True}, "wind": {"sensitive": True}}
        write_tiny_model(folder / "model", inputs=hidden)
        self.predictor = Predictor(load_model(folder / "model"), Start(release, ServingSettings()))
        self.folder = folder / "log"
        settings = ServingSettings.model_validate({"log": log})
        host = Host(log_folder=self.folder, log_key=key)
        self.release = release
        self.log = PredictionLog(self.predictor.contract, Start(release, settings, host=host))

    def ask(self, identity: str, *rows: dict[str, Any]) -> Any:
        CONTEXT.set(RequestContext(identity, "somebody"))
        scored = self.predictor(Query(len(rows), list(rows)))
        self.log.scored(scored)
        return scored.score.tolist()

    def lines(self) -> list[Any]:
        self.log.flush()
        files = sorted(self.folder.glob("predictions-*.jsonl*")) if self.folder.exists() else []
        return [json.loads(line) for file in files for line in file.read_text().splitlines()]

    def count(self, name: str) -> float:
        return REGISTRY.get_sample_value(name, {"release": self.release}) or 0.0


def test_a_request_becomes_a_line(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    score = desk.ask("one", ROW | {"unknown": "gone"}, ROW | {"hour": 10, "weekend": True})
    [line] = desk.lines()
    assert (line["request_id"], line["release"]) == ("one", "r-1")
    assert line["time"].endswith("+00:00")
    assert line["score"] == pytest.approx(score)
    features = {"distance": [800.1, 800.1], "hour": [9, 10], "weekend": [False, True]}
    assert line["features"] == features


def test_sensitive_values_are_left_out_without_a_key(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.ask("one", ROW)
    assert {"carrier", "wind"}.isdisjoint(desk.lines()[0]["features"])


def test_sensitive_values_are_hashed_with_a_key(tmp_path: Path) -> None:
    """Equal values are equal, another key gives other hashes, and nothing is as it was."""
    found = []
    for number, key in enumerate(("a", "a", "b")):
        desk = Desk(tmp_path / str(number), key=key)
        desk.ask("one", ROW, ROW | {"carrier": "AA", "wind": 3.0}, ROW)
        found.append(desk.lines()[0]["features"])
    first, second, other = found
    assert first == second
    assert first["carrier"][0] == first["carrier"][2] != first["carrier"][1]
    assert first["carrier"] != other["carrier"]
    assert first["carrier"][0] != first["wind"][0]
    assert "UA" not in json.dumps(found)


@pytest.mark.parametrize(("share", "low", "high"), [(0, 0, 0), (0.5, 60, 140), (1, 200, 200)])
def test_a_share_of_the_requests_is_kept(tmp_path: Path, share: float, low: int, high: int) -> None:
    desk = Desk(tmp_path, share=share)
    for number in range(200):
        desk.ask(f"request-{number}", ROW)
    assert low <= len(desk.lines()) <= high


def test_the_same_request_is_kept_by_every_worker_or_by_none(tmp_path: Path) -> None:
    kept = []
    for name in ("one", "two"):
        desk = Desk(tmp_path / name, share=0.5)
        for number in range(50):
            desk.ask(f"request-{number}", ROW)
        kept.append([line["request_id"] for line in desk.lines()])
    assert kept[0] == kept[1]


def test_files_are_put_aside_and_the_oldest_goes(tmp_path: Path) -> None:
    desk = Desk(tmp_path, file_bytes=1024, files=3)
    for number in range(100):
        desk.ask(f"{number}", ROW)
        desk.log.flush()
    files = sorted(desk.folder.iterdir())
    assert [file.name.rpartition("jsonl")[2] for file in files] == ["", ".1", ".2"]
    assert all(file.stat().st_size <= 1024 for file in files)
    numbers = sorted(int(line["request_id"]) for line in desk.lines())
    assert numbers == list(range(numbers[0], 100)), "the newest, without a gap"


def test_a_full_queue_drops_and_counts(tmp_path: Path) -> None:
    """At the limit, and one row more."""
    desk = Desk(tmp_path, release="full")
    most = 5_000
    for number in range(ROWS // most):
        desk.ask(str(number), *[ROW] * most)
    assert desk.count("serving_log_dropped_rows_total") == 0
    desk.ask("more", ROW)
    assert desk.count("serving_log_dropped_rows_total") == 1
    desk.log.flush()
    desk.ask("again", ROW)
    assert len(desk.lines()) == ROWS // most + 1
    assert desk.count("serving_logged_rows_total") == ROWS + 1


def test_a_disk_that_is_full_loses_lines_and_no_requests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(tmp_path, release="disk")

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(RotatingFile, "write", full)
        desk.ask("lost", ROW)
        desk.log.flush()
    assert desk.count("serving_log_dropped_rows_total") == 1
    assert "No space left" in caplog.text
    desk.ask("kept", ROW)
    assert [line["request_id"] for line in desk.lines()] == ["kept"]


def test_a_served_request_is_written_while_the_service_runs(tmp_path: Path) -> None:
    """Through the whole application: thread, ids and all."""
    write_tiny_model(tmp_path / "model")
    folder = tmp_path / "log"
    client = client_of(tmp_path / "model", host=Host(local=True, log_folder=folder))
    response = client.post("/predict", json={"instances": [ROW]}, headers={"X-Request-ID": "mine"})
    text = eventually(lambda: "".join(file.read_text() for file in folder.glob("*.jsonl")))
    [line] = [json.loads(one) for one in text.splitlines()]
    assert line["request_id"] == response.headers["X-Request-ID"] == "mine"
    assert line["score"] == response.json()["predictions"]


def test_nothing_is_written_without_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tiny_model(tmp_path / "model")
    monkeypatch.chdir(tmp_path)
    client = client_of(tmp_path / "model")
    assert client.post("/predict", json={"instances": [ROW]}).status_code == 200
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
