"""A real disk of 64 KiB that can be filled and made larger."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import statvfs
from pathlib import Path

import pytest

SMALL, LARGE = "64k", "16m"
PAGE = 4096  # bytes: what a tmpfs gives out


class Disk:
    """A tmpfs, mounted at `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self, leave: int = 0) -> None:
        """Until nothing fits any more; then make room for `leave` pages."""
        with self._ballast.open("ab", buffering=0) as file:
            with suppress(OSError):  # it is full
                while file.write(b"x" * PAGE) == PAGE:
                    pass
            file.truncate(file.tell() - leave * PAGE)
        assert leave or not statvfs(self.folder).f_bavail

    def grow(self) -> None:
        mount("-o", f"remount,size={LARGE}", self.folder)


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    """Skips the test where this user may not mount."""
    folder.mkdir()
    if mount("-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", folder).returncode:
        pytest.skip("mounting a tmpfs is not permitted here")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def mount(*arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["mount", *arguments], capture_output=True, check=False)
    except FileNotFoundError:  # no system with mount(8)
        return subprocess.CompletedProcess([], 127)
