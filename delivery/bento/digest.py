"""Content hashes: what a release id is made of.

The hash of a folder is the sha256 of the text that `sha256sum` prints for its files sorted by
path. So it can be checked without this code:

    cd BENTO && find . -type f | LC_ALL=C sort | cut -c3- | xargs sha256sum | sha256sum

Modes, times, owners and empty folders do not count. The one thing in a bento that changes from
build to build, its creation time, is made a constant by `delivery.bento.build`.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from delivery.errors import InputError
from serving.digests import file_hashes as hashes_of
from serving.digests import file_sha256

__all__ = ["content_sha256", "file_hashes", "file_sha256", "manifest",
           "release_id", "tree_sha256"]  # fmt: skip

ID_DIGITS = 12
MANIFEST = "bento.yaml"


def content_sha256(bento: Path) -> str:
    """The content hash of a bento folder, 64 hex digits.

    Raises:
        InputError: `bento` is no bento, or holds something that is neither file nor folder.
    """
    if not (bento / MANIFEST).is_file():
        raise InputError(f"{bento}: not a bento, {MANIFEST} is missing; run `delivery release`")
    return tree_sha256(bento)


def release_id(content_sha256: str) -> str:
    """`r-` and the first 12 hex digits."""
    return f"r-{content_sha256[:ID_DIGITS]}"


def tree_sha256(folder: Path) -> str:
    """The content hash of any folder, 64 hex digits. Raises InputError as file_hashes does."""
    return hashlib.sha256(manifest(folder).encode()).hexdigest()


def manifest(folder: Path) -> str:
    """The text that is hashed: what `sha256sum` prints. Raises InputError as file_hashes does."""
    return "".join(f"{sha256}  {path}\n" for path, sha256 in file_hashes(folder).items())


def file_hashes(folder: Path) -> dict[str, str]:
    """sha256 in hex of every file below `folder`, by POSIX path, in the order of their bytes.

    Raises:
        InputError: no such folder; a symlink or a special file; a name that is not UTF-8 or
            has a line break.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    return hashes_of(folder, _names(folder, ""))


def _names(folder: Path, prefix: str) -> list[str]:
    names: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            name = prefix + entry.name
            mode = entry.stat(follow_symlinks=False).st_mode
            _check_name(folder, entry.name)
            if stat.S_ISDIR(mode):
                names += _names(folder / entry.name, f"{name}/")
            elif stat.S_ISREG(mode):
                names.append(name)
            else:
                kind = "a symlink" if stat.S_ISLNK(mode) else "a special file"
                raise InputError(f"{folder / entry.name}: {kind}; only files and folders count")
    return names


def _check_name(folder: Path, name: str) -> None:
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"{folder}: a file name is not UTF-8: {name!r}") from error
    if "\n" in name or "\\" in name:
        raise InputError(f"{folder}: a file name has a line break or a backslash: {name!r}")
