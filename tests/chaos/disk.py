"""The disk that a world lies on: a small one of its own where this user may mount."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.serving.disks import mount

SIZE = "256m"
BALLAST = "ballast"
CHUNKS = (1 << 20, 1 << 12)  # bytes


@dataclass(frozen=True)
class Disk:
    """`folder` is on a disk that can be filled if it is `small`."""

    folder: Path
    small: bool

    @contextmanager
    def full(self) -> Iterator[None]:
        """Not a byte is left as long as the block, but for what others free meanwhile."""
        ballast = self.folder / BALLAST
        try:
            with ballast.open("wb", buffering=0) as file:
                for size in CHUNKS:
                    with suppress(OSError):  # it is full
                        while file.write(bytes(size)) == size:
                            pass
            yield
        finally:
            ballast.unlink()


@contextmanager
def disk(folder: Path) -> Iterator[Disk]:
    """Unmounted at the end; what lay on it is then in the folder itself."""
    folder.mkdir()
    if mount("-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", folder).returncode:
        yield Disk(folder, small=False)
        return
    copy = folder.with_name("copy")
    try:
        yield Disk(folder, small=True)
    finally:
        shutil.copytree(folder, copy, symlinks=True)
        subprocess.run(["umount", "--lazy", folder], check=True)
        folder.rmdir()
        copy.rename(folder)
