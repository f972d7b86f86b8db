"""What is damaged in the DVC cache is fetched anew, and nothing wrong comes into it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from delivery.errors import StoreError
from delivery.storage.dvc import opened, outs
from delivery.storage.dvc_cache import admit, mend
from delivery.storage.store import Store
from tests.origin import Origin

DATA = "artifacts/data.txt"
ONE = hashlib.md5(b"one\n").hexdigest()


def place(pipeline: Origin) -> Path:
    return pipeline.path / ".dvc/cache/files/md5" / ONE[:2] / ONE[2:]


def put(file: Path, text: str) -> None:
    """As read-only as DVC leaves it: DVC believes it."""
    file.chmod(0o644)
    file.write_text(text)
    file.chmod(0o444)


def mended(pipeline: Origin) -> None:
    with opened(pipeline.path) as repo:
        mend(repo, outs(repo)[DATA])


def test_a_damaged_object_is_what_the_remote_has(pipeline: Origin, remote: Path) -> None:
    Store(pipeline.path, pipeline.path / ".delivery").push(pipeline.git("rev-parse", "HEAD"))
    put(place(pipeline), "two\n")
    mended(pipeline)
    assert place(pipeline).read_text() == "one\n"


def test_a_damaged_object_that_no_remote_has_is_removed(pipeline: Origin) -> None:
    put(place(pipeline), "two\n")
    mended(pipeline)
    assert not place(pipeline).exists()


def test_a_sound_object_is_left_alone(pipeline: Origin) -> None:
    before = place(pipeline).stat()
    mended(pipeline)
    after = place(pipeline).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_what_comes_into_the_cache_is_what_its_id_says(pipeline: Origin, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("two\n")
    place(pipeline).unlink()
    with opened(pipeline.path) as repo:
        with pytest.raises(StoreError, match=f"the courier is corrupted: {ONE}"):
            admit({ONE: file}, repo.cache.local, "the courier")
        assert not place(pipeline).exists()
        file.write_text("one\n")
        admit({ONE: file}, repo.cache.local, "the courier")
    assert place(pipeline).read_text() == "one\n"
