"""What a log folder holds, closed and open."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from serving.segments.folder import FEEDBACK, PREDICTIONS, Folder, prune, segments_of
from serving.segments.lines import append, locked


def put(path: Path, lines: bytes) -> Path:
    with locked(path) as file:
        append(file.fileno(), lines)
    return path


def test_what_is_closed_holds_all_lines_and_a_new_file_is_begun(tmp_path: Path) -> None:
    path = put(tmp_path / "predictions-7.jsonl", b"one\n")
    assert Folder(tmp_path).close(PREDICTIONS) == []
    put(path, b"two\n")
    Folder(tmp_path).close(PREDICTIONS)
    assert [each.path.read_bytes() for each in Folder(tmp_path).closed(PREDICTIONS)] == [
        b"one\n",
        b"two\n",
    ]
    assert Folder(tmp_path).open(PREDICTIONS) == []


def test_an_empty_file_stays_open_and_half_a_line_is_no_segment(tmp_path: Path) -> None:
    put(tmp_path / "predictions-7.jsonl", b"")
    (tmp_path / "predictions-8.jsonl").write_bytes(b'{"half')
    Folder(tmp_path).close(PREDICTIONS)
    assert Folder(tmp_path).closed(PREDICTIONS) == []


def test_what_another_keeps_locked_stays_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a worker of a release from before does for as long as it lives."""
    monkeypatch.setattr("serving.segments.lines.PATIENCE", 0.01)
    path = put(tmp_path / "feedback.jsonl", b"one\n")
    with path.open("rb") as older:
        fcntl.flock(older, fcntl.LOCK_SH)
        assert Folder(tmp_path).close(FEEDBACK) == [path]
    assert Folder(tmp_path).close(FEEDBACK) == []


def test_a_segment_can_be_read_while_it_is_marked(tmp_path: Path) -> None:
    put(tmp_path / "feedback.jsonl", b"one\n")
    Folder(tmp_path).close(FEEDBACK)
    (segment,) = Folder(tmp_path).closed(FEEDBACK)
    segment.mark()
    with segment.reading() as file:
        assert file.read() == b"one\n"
    (marked,) = Folder(tmp_path).closed(FEEDBACK)
    assert (marked.time, marked.shipped) == (segment.time, True)
    marked.path.unlink()
    with pytest.raises(FileNotFoundError), marked.reading():
        pass


def test_the_oldest_segments_go_first(tmp_path: Path) -> None:
    path, other = tmp_path / "predictions-7.jsonl", tmp_path / "predictions-77.jsonl"
    for text in (b"1234\n", b"abcd\n", b"5678\n"):
        put(path, text)
        put(other, text)
        Folder(tmp_path).close(PREDICTIONS)
    segments_of(path)[0].mark()
    prune(path, 10)
    assert [each.path.read_bytes() for each in segments_of(path)] == [b"abcd\n", b"5678\n"]
    assert len(segments_of(other)) == 3, "another worker's"


def test_a_worker_that_prunes_and_a_shipper_that_marks_do_not_stop_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "predictions-7.jsonl"
    for text in (b"1234\n", b"abcd\n", b"5678\n"):
        put(path, text)
        Folder(tmp_path).close(PREDICTIONS)
    seen = segments_of(path)
    seen[0].mark()
    seen[1].remove()
    monkeypatch.setattr("serving.segments.folder.segments_of", lambda _: seen)
    prune(path, 5)
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [b"5678\n"]
    seen[1].mark()


def test_files_that_a_release_from_before_put_aside_are_segments(tmp_path: Path) -> None:
    (tmp_path / "predictions-7.jsonl.1").write_bytes(b"one\n")
    assert [each.time for each in Folder(tmp_path).closed(PREDICTIONS)] == [1]


def test_one_at_a_time(tmp_path: Path) -> None:
    with Folder(tmp_path).alone(), pytest.raises(BlockingIOError), Folder(tmp_path).alone():
        pass
    with Folder(tmp_path).alone():
        pass
