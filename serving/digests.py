"""The sha256 of files, and of those of a folder: what a release is known by."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path


def file_sha256(file: Path) -> str:
    """sha256 in hex of one file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def file_hashes(folder: Path, names: Iterable[str] | None = None) -> dict[str, str]:
    """sha256 in hex by POSIX path, in the order of their bytes: of `names`, or of every file below
    `folder`. Symlinks are followed: DVC may lay out a checkout's model as links."""
    if names is None:
        files = (path for path in folder.rglob("*") if path.is_file())
        names = [path.relative_to(folder).as_posix() for path in files]
    return {name: file_sha256(folder / name) for name in sorted(names, key=os.fsencode)}
