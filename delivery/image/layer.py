"""Layers whose bytes depend on nothing but paths and contents.

Entries are sorted; owners are root; times are 0; folders and files have one mode each. So nobody
but root, whom no container runs as, can change what a layer brought.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, cast

from delivery.image.layout import LAYER, Descriptor, Layout

LEVEL = 6  # of gzip; one more costs seconds and saves 1%
FOLDER_MODE, FILE_MODE, PROGRAM_MODE = 0o755, 0o644, 0o755


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer in a layout. `diff_id` is the sha256 of its archive, `size` counts its bytes."""

    title: str
    blob: Descriptor
    diff_id: str
    size: int


def write_layer(
    layout: Layout, title: str, files: Mapping[str, Path], mode: int = FILE_MODE
) -> Layer:
    """A layer with `files`: path in the image, without a slash before it → file here, with
    that mode."""
    temporary = layout.folder / f".layer-{os.getpid()}"
    try:
        with temporary.open("wb") as out:
            packed = _Hashed(out)
            # No name and no time in its head.
            with gzip.GzipFile("", "wb", LEVEL, cast("IO[bytes]", packed), mtime=0) as squeezed:
                plain = _Hashed(cast("IO[bytes]", squeezed))
                _archive(cast("IO[bytes]", plain), files, mode)
        blob = layout.adopt(LAYER, temporary, packed.digest)
    finally:
        temporary.unlink(missing_ok=True)
    return Layer(title, blob, plain.digest, plain.count)


def _archive(out: IO[bytes], files: Mapping[str, Path], mode: int) -> None:
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        made: set[str] = set()
        for name in sorted(files, key=str.encode):
            for folder in _folders(name):
                if folder not in made:
                    made.add(folder)
                    archive.addfile(_entry(folder, tarfile.DIRTYPE, FOLDER_MODE))
            content = files[name].read_bytes()
            entry = _entry(name, tarfile.REGTYPE, mode)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def _entry(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.mtime = kind, mode, 0
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def _folders(name: str) -> Iterator[str]:
    """The folders above `name`, the outermost first."""
    parents = [str(parent) for parent in PurePosixPath(name).parents]
    yield from reversed(parents[:-1])


class _Hashed:
    """Writes through to `out`, and hashes and counts what was written."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self._sha256 = hashlib.sha256()
        self.count = 0

    def write(self, content: bytes) -> int:
        self._sha256.update(content)
        self.count += len(content)
        return self._out.write(content)

    def flush(self) -> None:
        self._out.flush()

    @property
    def digest(self) -> str:
        return f"sha256:{self._sha256.hexdigest()}"
