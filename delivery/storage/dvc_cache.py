"""The DVC cache: what comes into it is what its id says, and what is damaged is fetched anew.

DVC believes a file of its cache that is read-only. A damaged one would be handed out for ever, and
whoever checks what comes out would blame the store.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from delivery.errors import StoreError
from delivery.storage.dvc import Out, Repo, objects

DIR = ".dir"  # ends the id of the list of a folder


def mend(repo: Repo, out: Out) -> None:
    """Replace damaged objects of `out` in the cache by those of the default remote of `repo`. One
    that no remote has is removed.

    Raises:
        StoreError: the remote's copy is damaged as well; the cache is left as it is.
    """
    for oid in _damaged(repo, out):
        place = Path(repo.cache.local.oid_to_path(oid))
        with tempfile.TemporaryDirectory() as folder:
            copy = _copy(repo, oid, Path(folder))
            if copy is not None:
                _require_sound({oid: copy}, f"the copy in {repo.cloud.get_remote_odb().path}")
            place.unlink()
            if copy is not None:
                _adopt(copy, place)


def _damaged(repo: Repo, out: Out) -> Iterator[str]:
    """The damaged objects. The list of a folder is mended before it is read."""
    cache = repo.cache.local
    own = objects(out)
    yield from (oid for oid in own if _is_damaged(cache, oid))
    yield from (oid for oid in objects(out, cache)[len(own) :] if _is_damaged(cache, oid))


def _is_damaged(cache: Any, oid: str) -> bool:
    file = Path(cache.oid_to_path(oid))
    return file.is_file() and _md5(file) != oid.removesuffix(DIR)


def _copy(repo: Repo, oid: str, folder: Path) -> Path | None:
    """The object as the default remote has it; None where there is no remote, or not there."""
    remote = repo.cloud.get_remote_odb() if repo.config["core"].get("remote") else None
    if remote is None or not remote.exists(oid):
        return None
    remote.fs.get_file(remote.oid_to_path(oid), str(folder / oid))
    return folder / oid


def admit(files: Mapping[str, Path], cache: Any, source: str) -> None:
    """Put files, by DVC id, into the DVC cache, if all of them are what their ids say.

    Raises:
        StoreError: one is not; none was taken.
    """
    _require_sound(files, source)
    for oid, file in files.items():
        _adopt(file, Path(cache.oid_to_path(oid)))


def _require_sound(files: Mapping[str, Path], source: str) -> None:
    for oid, file in files.items():
        digest = "of no file" if file.is_symlink() or not file.is_file() else _md5(file)
        if digest != oid.removesuffix(DIR):
            raise corrupted(source, f"{oid} has the hash {digest}")


def corrupted(source: str, reason: str) -> StoreError:
    """What to say of a place whose bytes are wrong."""
    return StoreError(
        f"{source} is corrupted: {reason}. Nothing of it is used, and nothing is rebuilt in its "
        "place: bring the right bytes back, or train again."
    )


def _md5(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _adopt(file: Path, place: Path) -> None:
    """Move an object into the cache in one step."""
    if place.exists():
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    incoming = place.with_name(f"{place.name}.{os.getpid()}.part")
    shutil.copyfile(file, incoming)
    incoming.chmod(0o444)
    incoming.replace(place)
