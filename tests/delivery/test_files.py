"""Files are whole or not there; locks die with their holder and survive their file."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from delivery.files import LockedError, locked, scratch, temporary_files_in, write_whole
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


def test_a_scratch_folder_ends_with_its_block(tmp_path: Path) -> None:
    parent = tmp_path / "tmp"
    with scratch(parent) as folder:
        (folder / "deep").mkdir()
        with scratch(parent) as another:
            assert another != folder
        assert folder.is_dir(), "its owner lives"
    assert list(parent.iterdir()) == []


KILLED = """\
import sys, time
from pathlib import Path
from delivery.files import scratch
with scratch(Path(sys.argv[1])) as folder:
    (folder / "file").write_text("left")
    print("ready", flush=True)
    time.sleep(600)
"""


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert len(list(tmp_path.rglob("file"))) == 1
    with scratch(tmp_path) as folder:
        assert {file for file in tmp_path.iterdir() if file.is_dir()} == {folder}
    assert list(tmp_path.iterdir()) == []


def test_temporary_files_lie_there_while_the_block_lasts(tmp_path: Path) -> None:
    before = tempfile.gettempdir()
    with temporary_files_in(tmp_path), tempfile.TemporaryDirectory(prefix="load-") as folder:
        assert tmp_path in Path(folder).parents
    assert tempfile.gettempdir() == before
    assert list(tmp_path.iterdir()) == []
