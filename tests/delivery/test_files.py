"""Files are whole or not there; locks die with their holder and survive their file."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from delivery.files import LockedError, locked, write_whole
from tests.delivery.running import eventually


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    file = tmp_path / "new" / "file"
    write_whole(file, "one")
    write_whole(file, "zwei …")
    assert file.read_text(encoding="utf-8") == "zwei …"
    assert list(file.parent.iterdir()) == [file]


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    write_whole(file, "old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(file, "new \udcff")
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_lock_is_held_once(tmp_path: Path) -> None:
    with (
        locked(tmp_path / "lock", wait=False),
        pytest.raises(LockedError, match=r"process \d+"),
        locked(tmp_path / "lock", wait=False),
    ):
        pass
    with locked(tmp_path / "lock", wait=False):
        pass


def test_who_waited_for_a_lock_that_was_deleted_gets_the_one_that_is_there(
    tmp_path: Path,
) -> None:
    lock = tmp_path / "lock"
    waiting = []

    def wait() -> bool:
        waiting.append(True)
        with locked(lock, wait=True):
            return lock.exists()

    with ThreadPoolExecutor(1) as pool:
        with locked(lock, wait=False):
            found = pool.submit(wait)
            eventually(lambda: waiting)
            lock.unlink()
        assert found.result(timeout=10)
