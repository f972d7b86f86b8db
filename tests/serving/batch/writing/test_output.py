"""Files are put whole, and what decides is put once."""

from __future__ import annotations

import errno
import multiprocessing
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from serving.batch.documents import Counts, Unit, UnitRecord, Written, render
from serving.batch.errors import BadInput, Failed
from serving.batch.writing.output import STALE, WRITING, Output
from serving.strict import DocumentError
from tests.serving.batch.jobs import names


@pytest.fixture(params=["local", "memory"])
def output(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Output]:
    place = str(tmp_path / "out")
    if request.param == "memory":
        place = f"memory://{uuid.uuid4()}"
    made = Output(place)
    made.prepare()
    yield made
    if request.param == "memory":
        fsspec.filesystem("memory").store.clear()


def unit(name: str, file: str) -> Unit:
    return Unit(
        name=name,
        path="in.csv",
        start=0,
        end=1,
        rows=1,
        scored=1,
        refused=0,
        last=True,
        predictions=Written(file=file, sha256="0"),
    )


def test_what_was_put_is_there(output: Output) -> None:
    assert output.records() == frozenset()
    with output.temporary() as file:
        file.write_text("rows")
        output.put("units/a-1.parquet", file)
    assert not file.exists()
    assert output.read("units/a-1.parquet") == "rows"
    assert output.sha256("units/a-1.parquet") is not None
    assert output.sha256("units/b.parquet") is None
    record = UnitRecord(
        unit=unit("a", "units/a-1.parquet"), counts=Counts(inputs={}, outside={}, scores=None)
    )
    assert output.put_first("units/a.json", render(record))
    assert output.records() == {"a"}
    assert output.record("a") == record
    output.require_all([record.unit])
    output.remove("units/a-1.parquet")
    output.remove("units/a-1.parquet")
    with pytest.raises(Failed, match=r"units/a-1.parquet is gone"):
        output.require_all([record.unit])
    with pytest.raises(Failed, match=r"units/b.json is gone"):
        output.record("b")


def test_the_first_wins_and_nothing_is_replaced(output: Output) -> None:
    assert output.put_first("manifest.json", "first")
    assert not output.put_first("manifest.json", "second")
    assert output.read("manifest.json") == "first"
    with pytest.raises(DocumentError, match=r"manifest.json: not JSON"):
        output.manifest()


def put(place: str, text: str, wins: multiprocessing.SimpleQueue[str]) -> None:
    for number in range(50):
        if Output(place).put_first(f"units/{number}.json", text):
            wins.put(f"{number} {text}")


def test_of_many_at_the_same_time_one_wins(tmp_path: Path) -> None:
    place = str(tmp_path / "out")
    Output(place).prepare()
    context = multiprocessing.get_context("fork")
    wins: multiprocessing.SimpleQueue[str] = context.SimpleQueue()
    racers = [context.Process(target=put, args=(place, text, wins)) for text in ("one", "two")]
    for racer in racers:
        racer.start()
    found = {wins.get() for _ in range(50)}
    for racer in racers:
        racer.join()
    assert wins.empty()
    assert {line.split()[0] for line in found} == set(map(str, range(50)))
    for line in found:
        number, text = line.split()
        assert Output(place).read(f"units/{number}.json") == text


def test_what_killed_runs_left_is_removed_after_a_day(tmp_path: Path) -> None:
    output = Output(str(tmp_path))
    output.prepare()
    old, new = tmp_path / WRITING / "old", tmp_path / WRITING / "new"
    old.touch(), new.touch()
    os.utime(old, (0, new.stat().st_mtime - STALE - 1))
    output.prepare()
    assert names(tmp_path) == {f"{WRITING}/new"}


def test_a_file_system_that_cannot_say_who_was_first_is_refused() -> None:
    with pytest.raises(BadInput, match="puts a file only where none is"):
        Output("http://127.0.0.1:9/out")
    with pytest.raises(BadInput, match="no file system for this address"):
        Output("nosuch://place")


def test_a_disk_without_links_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    output = Output(str(tmp_path))
    output.prepare()
    monkeypatch.setattr(os, "link", link)
    with pytest.raises(BadInput, match="no hard links"):
        output.put_first("manifest.json", "{}")
    assert names(tmp_path) == set()
