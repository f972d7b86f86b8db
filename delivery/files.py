"""Files that are whole or not there, locks and scratch folders that die with their holder, and
programs."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO

from delivery.errors import TargetError


class LockedError(Exception):
    """Another process holds the lock. The message is what it wrote about itself."""


def write_whole(path: Path, text: str) -> None:
    """Replace `path` by `text` in one step: a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", suffix=".part", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def locked(path: Path, *, wait: bool) -> Iterator[Callable[[], bool]]:
    """Hold the lock file `path`. The system frees it when the process ends, however it ends.

    Gives a function that says whether the locked file is still the one at `path`: whoever deletes
    it takes the lock away from its holder.

    Raises:
        LockedError: if another holds it and `wait` is False.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with path.open("a+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError as error:
                file.seek(0)
                raise LockedError(file.read().strip()) from error
            if not _is_at(path, file):
                continue  # its holder before us deleted it: the lock is on a file nobody sees
            file.truncate(0)
            file.write(f"process {os.getpid()}\n")
            file.flush()
            yield partial(_is_at, path, file)
            return


@contextmanager
def scratch(parent: Path) -> Iterator[Path]:
    """A folder below `parent` until the block ends. Removes those of processes that were killed,
    so that nothing stays for ever."""
    for lock in parent.glob("*.lock"):
        with suppress(LockedError), locked(lock, wait=False):
            _remove(lock)
    lock = parent / f"{os.getpid()}-{secrets.token_hex(4)}.lock"
    with locked(lock, wait=True):
        folder = lock.with_suffix("")
        folder.mkdir()
        try:
            yield folder
        finally:
            _remove(lock)


def _remove(lock: Path) -> None:
    """The scratch folder first: while its lock is there, somebody removes it."""
    shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
    lock.unlink(missing_ok=True)


@contextmanager
def temporary_files_in(parent: Path) -> Iterator[None]:
    """Make `tempfile` lay what it makes into a scratch folder below `parent`."""
    before = tempfile.tempdir
    with scratch(parent) as folder:
        tempfile.tempdir = str(folder)
        try:
            yield
        finally:
            tempfile.tempdir = before


def _is_at(path: Path, file: IO[str]) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def program(name: str) -> str:
    """The path of a program: from beside the running Python, where its package installed it, or
    else from PATH. TargetError if it is nowhere."""
    beside = Path(sys.executable).parent / name
    path = str(beside) if beside.is_file() else shutil.which(name)
    if path is None:
        raise TargetError(f"{name} is neither beside {sys.executable} nor on PATH. `make setup`.")
    return path
