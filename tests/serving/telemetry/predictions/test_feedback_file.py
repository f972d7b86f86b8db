"""The file of feedback holds each request once, for all workers, whatever the disk does."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest

from serving.settings.policy import LogSettings
from serving.telemetry.predictions.feedback_file import NAME, FeedbackFile
from tests.serving.disks import Disk


def lines(*identities: str) -> dict[str, bytes]:
    return {each: json.dumps({"request_id": each}).encode() + b"\n" for each in identities}


def kept(folder: Path) -> list[str]:
    return [json.loads(line)["request_id"] for line in (folder / NAME).read_text().splitlines()]


def opened(folder: Path, **log: Any) -> FeedbackFile:
    return FeedbackFile(folder, LogSettings(**log))


def test_other_workers_and_a_restart_know_what_came_before(tmp_path: Path) -> None:
    one, other = opened(tmp_path), opened(tmp_path)
    assert one.add(lines("a")) == 1
    assert other.add(lines("a", "b")) == 1
    assert one.add(lines("b")) == 0
    assert opened(tmp_path).add(lines("a", "b")) == 0
    assert kept(tmp_path) == ["a", "b"]


@pytest.mark.parametrize("cut", [b'{"request_id": "b", "tru', b'{"request_id": "b"}'])
def test_a_line_without_its_end_was_never_accepted(tmp_path: Path, cut: bytes) -> None:
    """A full disk took half of it, or all but the newline; the client was refused either way."""
    file = opened(tmp_path)
    file.add(lines("a"))
    with (tmp_path / NAME).open("ab") as disturbed:
        disturbed.write(cut)
    for worker in (file, opened(tmp_path)):
        assert worker.add(lines("a", "b")) == (worker is file)
    assert kept(tmp_path) == ["a", "b"]


def test_what_a_full_disk_did_not_take_is_not_known(disk: Disk) -> None:
    one, other = opened(disk.folder), opened(disk.folder)
    many = lines(*(f"{number}-{'x' * 100}" for number in range(300)))
    one.add(lines("before"))
    disk.fill(leave=1)
    for worker in (one, other, one):
        with pytest.raises(OSError, match="No space"):
            worker.add(many)
    assert kept(disk.folder) == ["before"]
    disk.grow()
    assert (other.add(many), one.add(many), opened(disk.folder).add(many)) == (300, 0, 0)
    assert kept(disk.folder) == ["before", *many]


def test_a_file_that_cannot_be_put_aside_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The line was written by then, so the client is told so."""

    def refuse(*_: Any) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("serving.telemetry.predictions.feedback_file.close", refuse)
    file = opened(tmp_path, file_bytes=1024)
    identities = [f"{number}-{'x' * 100}" for number in range(20)]
    assert [file.add(lines(identity)) for identity in identities] == [1] * 20
    assert kept(tmp_path) == identities
    assert "Read-only" in caplog.text


def test_a_file_that_was_put_aside_is_begun_anew(tmp_path: Path) -> None:
    file = opened(tmp_path)
    file.add(lines("a"))
    (tmp_path / NAME).rename(tmp_path / "old.jsonl")
    assert file.add(lines("b")) == 1
    assert kept(tmp_path) == ["b"]


def test_the_files_are_bounded_and_what_they_hold_is_known(tmp_path: Path) -> None:
    """To this worker, to one beside it and to one that is started later."""
    log = {"file_bytes": 1024, "files": 3}
    one, beside = (opened(tmp_path, **log) for _ in range(2))
    for number in range(60):
        worker = beside if number % 2 else one
        assert worker.add(lines(f"id-{number}-{'x' * 40}")) == 1
    files = sorted(tmp_path.iterdir())
    assert len(files) <= 3
    assert max(file.stat().st_size for file in files) < 1024 + 200
    written = [
        json.loads(line)["request_id"] for file in files for line in file.read_text().splitlines()
    ]
    assert len(set(written)) == len(written)
    assert any(identity.startswith("id-59") for identity in written)
    for worker in (one, beside, opened(tmp_path, **log)):
        assert worker.add(lines(*written)) == 0


def test_one_file_alone_is_begun_anew(tmp_path: Path) -> None:
    file = opened(tmp_path, file_bytes=1024, files=1)
    for number in range(30):
        file.add(lines(f"id-{number}-{'x' * 40}"))
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
    assert (tmp_path / NAME).stat().st_size <= 1024
