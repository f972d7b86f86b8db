"""A folder as a store: what comes once, what is broken, what takes another's place."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from serving.segments.store import Store, StoreError, digest_of
from tests.serving.disks import Disk

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def lines(*names: str, day: str = "2026-11-27") -> bytes:
    return b"".join(
        json.dumps({"request_id": name, "time": f"{day}T23:59:59.999+00:00"}).encode() + b"\n"
        for name in names
    )


def test_the_same_lines_come_once_to_the_day_of_the_last(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    content = lines("a", day="2026-11-26") + lines("b")
    assert store.add("predictions", content, NOON)
    assert not store.add("predictions", content, NOON)
    (stored,) = store.find("predictions")
    assert stored.day == date(2026, 11, 27)
    assert store.read(stored) == content
    assert (tmp_path / "predictions" / "2026-11-27" / f"{digest_of(content)}.jsonl.gz").is_file()


@pytest.mark.parametrize("content", [b"no JSON\n", b"[]\n", b'{"time": "soon"}\n'])
def test_lines_without_a_time_have_the_day_they_were_closed(tmp_path: Path, content: bytes) -> None:
    store = Store(str(tmp_path))
    store.add("feedback", content, NOON)
    assert [each.day for each in store.find("feedback")] == [NOON.date()]


def test_older_days_are_left_out(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    for day in ("2026-11-25", "2026-11-26", "2026-11-27"):
        store.add("predictions", lines("a", day=day), NOON)
    found = store.find("predictions", date(2026, 11, 26))
    assert [each.day.day for each in found] == [26, 27]


def test_what_takes_a_place_counts_alone_and_the_first_does_not_come_back(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    store.add("predictions", lines("a", "b", "c"), NOON)
    (first,) = store.find("predictions")
    store.replace(first, lines("a", "b"))
    (second,) = store.find("predictions")
    store.replace(second, lines("a"))
    (third,) = store.find("predictions")
    assert store.read(third) == lines("a")
    assert not store.add("predictions", lines("a", "b", "c"), NOON), "a shipper that was killed"
    assert store.replaced("predictions") == []


@pytest.mark.parametrize("step", ["write", "remove"])
def test_who_is_killed_while_replacing_leaves_one_of_the_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    store = Store(str(tmp_path))
    store.add("predictions", lines("a", "b"), NOON)
    (first,) = store.find("predictions")
    with monkeypatch.context() as patch:
        patch.setattr(store, step, _killed)
        with pytest.raises(KeyboardInterrupt):
            store.replace(first, lines("a"))
    (found,) = store.find("predictions")
    assert store.read(found) == (lines("a", "b") if step == "write" else lines("a"))
    assert [each.digest for each in store.replaced("predictions")] == (
        [] if step == "write" else [first.digest]
    )


def _killed(*_: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda packed: packed[:-9], "broken"),
        (lambda _: b"", "other lines"),
        (lambda _: gzip.compress(b"{}\n"), "other lines"),
    ],
)
def test_what_is_broken_is_said(
    tmp_path: Path, damage: Callable[[bytes], bytes], message: str
) -> None:
    store = Store(str(tmp_path))
    store.add("predictions", lines("a"), NOON)
    (stored,) = store.find("predictions")
    file = tmp_path / stored.name
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(StoreError, match=message):
        store.read(stored)


def test_a_full_disk_keeps_no_half(disk: Disk) -> None:
    store = Store(str(disk.folder))
    disk.fill(leave=1)
    content = b"".join(lines(str(number)) for number in range(9_000))
    with pytest.raises(StoreError, match="No space"):
        store.add("predictions", content, NOON)
    assert [path for path in disk.folder.rglob("*") if path.is_file()] == [disk.folder / "ballast"]
    disk.grow()
    assert store.add("predictions", content, NOON)


def test_other_files_are_no_segments(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    assert store.find("predictions") == []
    store.write("predictions/2026-11-27/README.md", b"hello")
    store.write("erasures/1.json", b"{}")
    assert store.find("predictions") == []


def test_an_address_that_nothing_knows(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"nonsense://x: no file system.*model/batch\.in"):
        Store("nonsense://x")
