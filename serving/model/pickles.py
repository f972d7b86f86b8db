"""Find pickles. To load one is to run whatever its author wrote, so a release has none.

By name and by content, since names lie: a pickle, a compressed one as joblib writes, one in a
ZIP as torch writes, one in a tar, the pickled objects of numpy's own formats, and these in each
other. What cannot be looked into is refused as well.

The service looks at a predictor before it imports it, and the gate `artefact` at a whole bento.
Memory is bounded by HELD × DEPTH, time by `unpacking.MOST`: what grows beyond is refused.
"""

from __future__ import annotations

import ast
import io
import zipfile
from pathlib import Path, PurePosixPath
from typing import IO

from numpy.lib.format import descr_to_dtype

from serving.model.opcodes import MAGIC, is_pickle
from serving.model.unpacking import OPAQUE, Budget, Part, UnreadableError, is_archive, parts

SUFFIXES = frozenset({
    ".pkl", ".pickle", ".p", ".joblib", ".jbl", ".dill", ".cloudpickle", ".sav", ".skops",
    ".pt", ".pth", ".ckpt", ".mar",
})  # fmt: skip
HEAD = 1 << 14  # bytes: numpy reads no header that is longer
HELD = 1 << 25  # bytes of one part of an archive that are held in memory
DEPTH = 3  # archives in archives
NUMPY = b"\x93NUMPY"
TAIL = (1 << 16) + 22  # bytes at the end of a ZIP that its directory is found from


def pickled(folder: Path) -> str | None:
    """The first file below `folder` that is or holds a pickle, and why; None without one."""
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        if reason := suspect(file):
            return f"{file.relative_to(folder).as_posix()} is {reason}"
    return None


def suspect(file: Path) -> str:
    """What `file` is that may run code when it is loaded: "a pickle"; empty for other files."""
    if reason := _by_name(file.name):
        return reason
    try:
        with file.open("rb") as stream:
            return _content(stream, DEPTH, Budget.of(file.stat().st_size))
    except UnreadableError as error:
        return str(error)


def _by_name(name: str) -> str:
    suffix = PurePosixPath(name).suffix.lower()
    return f"a pickle by its name (*{suffix})" if suffix in SUFFIXES else ""


def _content(file: IO[bytes], depth: int, budget: Budget) -> str:
    """What a seekable file is, or what one of its parts is; empty where nothing is refused."""
    head = file.read(HEAD)
    file.seek(0)
    if reason := _itself(file, head):
        return reason
    for part in parts(file, budget):
        if depth == 0:
            return "an archive of archives"
        if reason := _by_name(part.name) or _part(part, depth - 1, budget):
            return f"an archive that holds {part.name[:80]!r}, {reason}"
    return ""


def _itself(stream: IO[bytes], head: bytes) -> str:
    """What a stream that begins with `head` is before anything is unpacked."""
    if is_pickle(stream, head[:2] in MAGIC):
        return "a pickle"
    if head.startswith(NUMPY):
        return _numpy(head)
    return "compressed so that nobody can look into it" if head.startswith(OPAQUE) else ""


def _numpy(head: bytes) -> str:
    wide = 2 if head[6:7] == b"\x01" else 4  # bytes that tell the length of the header
    end = 8 + wide + int.from_bytes(head[8 : 8 + wide], "little")
    try:
        header = ast.literal_eval(head[8 + wide : end].decode())
        objects = descr_to_dtype(header["descr"]).hasobject
    except Exception:  # whatever its author wrote there
        return "a numpy file whose header cannot be read"
    return "a numpy file of objects, which are pickled" if objects else ""


def _part(part: Part, depth: int, budget: Budget) -> str:
    with part.opened() as stream:
        content = stream.read(HELD + 1)
        if len(content) <= HELD:
            return _content(io.BytesIO(content), depth, budget)
        head, tail = content[:HEAD], content[-TAIL:]
        del content
        while chunk := stream.read(1 << 20):
            tail = (tail + chunk)[-TAIL:]
    if is_archive(head) or zipfile.is_zipfile(io.BytesIO(tail)):
        return f"an archive in an archive, of more than {HELD >> 20} MiB"
    with part.opened() as stream:
        return _itself(stream, head)
