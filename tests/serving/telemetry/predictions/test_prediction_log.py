"""What is written down about requests, and what never is."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from serving.predict.loaded_model import load_model
from serving.predict.predictor import Predictor, Query
from serving.segments.lines import append, locked
from serving.settings.host import Host
from serving.settings.service import ServingSettings, Start
from serving.telemetry.predictions.prediction_log import ROWS, PredictionLog
from serving.telemetry.request_context import CONTEXT, RequestContext
from tests.delivery.running import eventually
from tests.serving.conftest import client_of
from tests.serving.disks import Disk
from tests.serving.tiny import write_tiny_model

ROW = {"distance": 800.1, "wind": None, "hour": 9, "weekend": False, "carrier": "UA"}
WRITTEN, DROPPED = "serving_logged_rows_total", "serving_log_dropped_rows_total"


class Desk:
    """A prediction log over a tiny model; written when a test says so."""

    def __init__(
        self,
        parent: Path,
        release: str = "r-1",
        key: str = "",
        folder: Path | None = None,
        hidden: tuple[str, ...] = ("carrier", "wind"),
        **log: Any,
    ) -> None:
        write_tiny_model(parent / "model", inputs={name: {"sensitive": True} for name in hidden})
        self.predictor = Predictor(load_model(parent / "model"), Start(release, ServingSettings()))
        self.folder = folder or parent / "log"
        settings = ServingSettings.model_validate({"log": log})
        host = Host(log_folder=self.folder, log_key=key)
        self.release = release
        self.log = PredictionLog(self.predictor.contract, Start(release, settings, host=host))

    def ask(self, identity: str, *rows: dict[str, Any]) -> Any:
        CONTEXT.set(RequestContext(identity, "somebody"))
        scored = self.predictor(Query(len(rows), list(rows)))
        scored.body = json.dumps(rows).encode()
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
    assert "UA" not in json.dumps(found)


def test_a_value_has_another_hash_in_another_field(tmp_path: Path) -> None:
    """Else who knows one field could look the other up."""
    desk = Desk(tmp_path, key="a", hidden=("distance", "wind"))
    desk.ask("one", ROW | {"distance": 7.0, "wind": 7.0})
    features = desk.lines()[0]["features"]
    assert features["distance"] != features["wind"]


def test_a_hash_has_128_bits(tmp_path: Path) -> None:
    """Fewer, and different values would have the same one in a large log."""
    desk = Desk(tmp_path, key="a")
    desk.ask("one", ROW)
    (digits,) = desk.lines()[0]["features"]["carrier"]
    assert len(bytes.fromhex(digits)) * 8 == 128


LAST_WORDS = """\
import sys
from pathlib import Path
from serving.telemetry.predictions import prediction_log
from tests.serving.telemetry.predictions.test_prediction_log import ROW, Desk
prediction_log.PAUSE = 600  # the thread never looks
desk = Desk(Path(sys.argv[1]))
desk.log.start()
desk.ask("last", ROW)
"""


def test_what_waits_is_written_at_the_end_of_the_process(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", LAST_WORDS, str(tmp_path)], check=True, timeout=120)
    (file,) = (tmp_path / "log").glob("predictions-*.jsonl")
    assert json.loads(file.read_text())["request_id"] == "last"


@pytest.mark.parametrize(("share", "low", "high"), [(0, 0, 0), (0.5, 60, 140), (1, 200, 200)])
def test_a_share_of_the_requests_is_kept(tmp_path: Path, share: float, low: int, high: int) -> None:
    desk = Desk(tmp_path, share=share)
    for number in range(200):
        desk.ask(f"request-{number}", ROW | {"distance": number})
    assert low <= len(desk.lines()) <= high


def test_the_same_rows_are_kept_by_every_release_or_by_none(tmp_path: Path) -> None:
    """Whatever the request is called: what is mirrored to another release has another id."""
    kept = []
    for name in ("one", "two"):
        desk = Desk(tmp_path / name, release=name, share=0.5)
        for number in range(50):
            desk.ask(f"{name}-{number}", ROW | {"distance": number})
        kept.append([line["request_id"].partition("-")[2] for line in desk.lines()])
    assert 0 < len(kept[0]) < 50
    assert kept[0] == kept[1]


def test_the_same_rows_have_the_same_digest_and_others_another(tmp_path: Path) -> None:
    found = []
    for release in ("r-1", "r-2"):
        desk = Desk(tmp_path / release, release=release, hidden=())
        for distance in (1, 2, 1):
            desk.ask("any", ROW | {"distance": distance})
        desk.ask("any", ROW | {"distance": 1}, ROW)
        found.append([line["digest"] for line in desk.lines()])
    first, second = found
    assert first == second
    assert [len(bytes.fromhex(digest)) * 8 for digest in first] == [128] * 4
    assert first[0] == first[2]
    assert len(set(first)) == 3


def test_who_knows_no_key_learns_nothing_of_sensitive_values_by_the_digest(tmp_path: Path) -> None:
    found = []
    for key in ("", "a", "b"):
        desk = Desk(tmp_path / f"of-{key}", key=key, hidden=("carrier",))
        desk.ask("one", ROW)
        found.append(desk.lines()[0]["digest"])
    assert found[0] == ""
    assert len(set(found)) == 3


def test_files_are_put_aside_and_the_oldest_goes(tmp_path: Path) -> None:
    desk = Desk(tmp_path, file_bytes=1024, files=3)
    for number in range(100):
        desk.ask(f"{number}", ROW)
        desk.log.flush()
    files = sorted(desk.folder.iterdir())
    assert len(files) == 3
    assert all(file.stat().st_size <= 1024 for file in files)
    numbers = sorted(int(line["request_id"]) for line in desk.lines())
    assert numbers == list(range(numbers[0], 100)), "the newest, without a gap"


def test_a_full_queue_drops_and_counts(tmp_path: Path) -> None:
    """At the limit, and one row more."""
    desk = Desk(tmp_path, release="full")
    most = 5_000
    for number in range(ROWS // most):
        desk.ask(str(number), *[ROW] * most)
    assert desk.count(DROPPED) == 0
    desk.ask("more", ROW)
    assert desk.count(DROPPED) == 1
    desk.log.flush()
    desk.ask("again", ROW)
    assert len(desk.lines()) == ROWS // most + 1
    assert desk.count(WRITTEN) == ROWS + 1


def test_a_full_disk_loses_rows_that_are_counted_and_nothing_else(
    disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    """The log goes on when there is room, with whole lines alone, and each row is accounted for."""
    desk = Desk(disk.folder.parent, release="disk", folder=disk.folder / "log")
    desk.ask("before", ROW)
    desk.log.start()
    eventually(lambda: desk.count(WRITTEN) == 1)
    disk.fill()
    for number in range(100):
        desk.ask(f"full-{number}", *[ROW] * 20)
    eventually(lambda: desk.count(WRITTEN) + desk.count(DROPPED) == 2001)
    assert desk.count(DROPPED) > 0
    assert caplog.text.count("No space left") == 1, "said once, not with every line"
    disk.grow()
    desk.ask("after", ROW)
    eventually(lambda: desk.count(WRITTEN) + desk.count(DROPPED) == 2002)
    desk.log.close()
    lines = desk.lines()
    assert (lines[0]["request_id"], lines[-1]["request_id"]) == ("before", "after")
    assert sum(len(line["score"]) for line in lines) == desk.count(WRITTEN)


def test_a_disk_that_fills_in_the_middle_of_a_line_keeps_no_half(disk: Disk) -> None:
    desk = Desk(disk.folder.parent, release="half", folder=disk.folder / "log")
    desk.ask("before", ROW)
    desk.log.flush()
    disk.fill(leave=1)
    desk.ask("half", *[ROW] * 2_000)
    desk.log.flush()
    assert [line["request_id"] for line in desk.lines()] == ["before"]
    assert desk.count(DROPPED) == 2_000


def test_a_folder_that_vanishes_and_comes_back(tmp_path: Path) -> None:
    desk = Desk(tmp_path, release="vanished")
    desk.ask("gone", ROW)
    desk.log.flush()
    shutil.rmtree(desk.folder)
    desk.ask("made anew", ROW)
    assert [line["request_id"] for line in desk.lines()] == ["made anew"]
    shutil.rmtree(desk.folder)
    desk.folder.write_text("a file is in the way")
    desk.ask("lost", ROW)
    desk.log.flush()
    desk.folder.unlink()
    desk.ask("back", ROW)
    assert [line["request_id"] for line in desk.lines()] == ["back"]
    assert (desk.count(WRITTEN), desk.count(DROPPED)) == (3, 1)


def test_a_line_that_cannot_be_made_does_not_end_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(tmp_path, release="bug")
    desk.log.start()
    with monkeypatch.context() as patch:
        patch.setattr(desk.log._text, "add", lambda _: 1 / 0)
        desk.ask("lost", ROW)
        eventually(lambda: desk.count(DROPPED) == 1)
    assert "ZeroDivisionError" in caplog.text
    desk.ask("kept", ROW)
    eventually(lambda: desk.count(WRITTEN) == 1)
    desk.log.close()
    assert [line["request_id"] for line in desk.lines()] == ["kept"]


def test_half_lines_of_workers_that_are_gone_are_cut_off_at_the_start(tmp_path: Path) -> None:
    """Not those of a worker that is writing at this moment."""
    desk, other = Desk(tmp_path / "one"), tmp_path / "one" / "log" / "predictions-1.jsonl"
    other.parent.mkdir(parents=True)
    other.write_bytes(b'{"a": 1}\n{"b": ')
    living = other.with_name("predictions-2.jsonl")
    with locked(living) as file:
        append(file.fileno(), b'{"c": ')
        desk.log.start()
        desk.log.close()
        assert living.read_bytes() == b'{"c": '
    assert other.read_bytes() == b'{"a": 1}\n'


def test_a_slow_disk_holds_up_no_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the whole application, while one write of the log hangs."""
    write_tiny_model(tmp_path / "model")
    hangs, goes_on = threading.Event(), threading.Event()

    def slow(file: int, lines: bytes) -> int:
        hangs.set()
        assert goes_on.wait(60)
        return append(file, lines)

    monkeypatch.setattr("serving.telemetry.predictions.rotation.append", slow)
    folder = tmp_path / "log"
    client = client_of(tmp_path / "model", host=Host(local=True, log_folder=folder))
    try:
        client.post("/predict", json={"instances": [ROW]})
        assert hangs.wait(60)
        for _ in range(20):
            assert client.post("/predict", json={"instances": [ROW]}).status_code == 200
    finally:
        goes_on.set()

    def lines() -> int:
        return sum(len(file.read_text().splitlines()) for file in folder.glob("*.jsonl"))

    eventually(lambda: lines() == 21)


def test_a_disk_that_never_answers_does_not_hold_up_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs, goes_on, desk = threading.Event(), threading.Event(), Desk(tmp_path, release="stuck")

    def stuck(*_: object) -> None:
        hangs.set()
        goes_on.wait(60)

    monkeypatch.setattr("serving.telemetry.predictions.rotation.append", stuck)
    monkeypatch.setattr("serving.telemetry.predictions.prediction_log.FAREWELL", 0.05)
    desk.log.start()
    desk.ask("one", ROW)
    assert hangs.wait(60)
    desk.ask("two", ROW, ROW)
    ending = threading.Thread(target=desk.log.close, daemon=True)
    ending.start()
    ending.join(30)
    goes_on.set()
    assert not ending.is_alive()
    assert desk.count(DROPPED) == 2, "what still waited"


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
