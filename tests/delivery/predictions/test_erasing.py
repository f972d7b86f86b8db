"""One person's rows go, from wherever they lie, and nobody else's."""

from __future__ import annotations

import gzip
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from delivery.predictions.erasing import Statement, erase
from delivery.predictions.person import Person
from delivery.predictions.place import Place
from serving.segments.folder import FEEDBACK, PREDICTIONS, Folder
from serving.segments.lines import write_whole
from serving.segments.shipper import Shipper
from serving.segments.store import Store
from tests.delivery.predictions.places import MADE, asked, found, store, told

ANN = Person.of((), ("customer=ann",), "")
REASON = "case 2026-117"
LINES: dict[str, Any] = {
    "predictions": [
        [asked("a", "ann"), asked("b", "bob")],
        [asked("c", "bob", "ann"), b"no JSON\n"],
        [asked("d", "ann")],
        [asked("e", "bob")],
    ],
    "feedback": [
        [told("a", True), told("b", False), told("c", [True, False]), told("d", True)],
        [told("e", True)],
    ],
}


@pytest.fixture(params=MADE)
def place(tmp_path: Path, request: pytest.FixtureRequest) -> Place:
    return MADE[request.param](tmp_path, **LINES)


def all_of(place: Place) -> str:
    """Every line that a reader, or somebody who looks into the files, can see."""
    return b"".join(
        piece.read() for kind in (PREDICTIONS, FEEDBACK) for piece in place.pieces(kind)
    ).decode()


def test_their_rows_and_labels_go_and_all_others_stay(place: Place) -> None:
    done = erase(place, ANN, REASON, dry_run=False)
    assert (done.rows, done.labels, done.done) == (3, 3, True)
    assert "ann" not in all_of(place)
    assert "no JSON" in all_of(place), "what nobody can read is nobody's"
    lines = found_whole(place)
    assert {line["request_id"]: line["features"] for line in lines} == {
        "b": {"customer": ["bob"], "age": [40]},
        "c": {"customer": ["bob"], "age": [40]},
        "e": {"customer": ["bob"], "age": [40]},
    }
    assert {line["request_id"]: line["digest"] for line in lines} == {"b": "d", "c": "", "e": "d"}
    truths = {line["request_id"]: line["truth"] for line in found(place, FEEDBACK)}
    assert truths == {"b": False, "c": [True], "e": True}


def test_a_request_is_erased_by_its_id(place: Place) -> None:
    done = erase(place, Person.of(("b", "e"), (), ""), REASON, dry_run=False)
    assert (done.rows, done.labels, done.segments) == (2, 2, 4)
    assert {line["request_id"] for line in found(place, FEEDBACK)} == {"a", "c", "d"}


def test_a_statement_says_what_and_why_and_not_who(place: Place) -> None:
    done = erase(place, ANN, REASON, dry_run=False)
    text = (Path(place.address) / done.name).read_text()
    assert Statement(**(json.loads(text) | {"by": tuple(json.loads(text)["by"])})) == done
    assert (done.reason, done.by) == (REASON, ("customer",))
    assert "ann" not in text


def test_a_dry_run_changes_nothing(place: Place) -> None:
    before = all_of(place)
    done = erase(place, ANN, REASON, dry_run=True)
    assert (done.rows, done.labels, done.done) == (3, 3, False)
    assert all_of(place) == before
    assert not (Path(place.address) / "erasures").exists()


def test_a_second_time_finds_nobody(place: Place) -> None:
    erase(place, ANN, REASON, dry_run=False)
    before = all_of(place)
    assert erase(place, ANN, REASON, dry_run=False).rows == 0
    assert all_of(place) == before


@pytest.mark.parametrize("step", range(6))
@pytest.mark.parametrize("made", MADE)
def test_who_is_killed_between_two_segments_runs_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: str, step: int
) -> None:
    expected = MADE[made](tmp_path / "whole", **LINES)
    erase(expected, ANN, REASON, dry_run=False)
    place = MADE[made](tmp_path / "killed", **LINES)
    with monkeypatch.context() as patch:
        left = _kill_after(patch, step)
        try:
            erase(place, ANN, REASON, dry_run=False)
        except KeyboardInterrupt:
            assert left == [0]
    erase(place, ANN, REASON, dry_run=False)
    assert sorted(all_of(place).splitlines()) == sorted(all_of(expected).splitlines())


@pytest.mark.parametrize("gone", ["_Segment", "_Object"])
def test_who_is_killed_before_the_old_one_is_gone_leaves_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    made = MADE["folder" if gone == "_Segment" else "store"]
    place = made(tmp_path, **LINES)
    with monkeypatch.context() as patch:
        patch.setattr("serving.segments.folder.Path.unlink", _killed)
        patch.setattr("serving.segments.store.Store.remove", _killed)
        with pytest.raises(KeyboardInterrupt):
            erase(place, ANN, REASON, dry_run=False)
    told = [line["request_id"] for line in found(place, FEEDBACK)]
    assert sorted(told) == ["b", "c", "e"], "as readers see it"
    erase(place, ANN, REASON, dry_run=False)
    files = [path.read_bytes() for path in tmp_path.rglob("*jsonl*") if path.is_file()]
    assert not any(b"ann" in (gzip.decompress(f) if f[:2] == b"\x1f\x8b" else f) for f in files)


def _killed(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


def _kill_after(patch: pytest.MonkeyPatch, writes: int) -> list[int]:
    """After so many files were written."""
    left, real = [writes], write_whole

    def write(path: Path, content: bytes) -> None:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        real(path, content)

    for module in ("folder", "store"):
        patch.setattr(f"serving.segments.{module}.write_whole", write)
    return left


def test_a_shipper_brings_nobody_back(tmp_path: Path) -> None:
    """Also one that was killed after it had sent a segment and before it knew."""
    log = MADE["folder"](tmp_path / "log", **LINES)
    address = str(tmp_path / "store")
    shipper = Shipper(Folder(tmp_path / "log"), Store(address), 0, 1e6)
    kept = store(tmp_path / "store", predictions=LINES["predictions"][1:])
    for place in (log, kept):
        erase(place, ANN, REASON, dry_run=False)
    assert shipper.go(last=True)
    names = [line["request_id"] for line in found_whole(kept)]
    assert sorted(names) == ["b", "c", "e"]
    assert "ann" not in all_of(kept) + all_of(log)


def found_whole(place: Place) -> list[Any]:
    lines = place.lines(PREDICTIONS, date.min)
    return [json.loads(line) for line in lines if line.startswith(b"{")]
