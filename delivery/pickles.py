"""Find pickles by name and by content, without loading any: loading one runs its code."""

from __future__ import annotations

import bz2
import gzip
import lzma
import pickletools
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

SUFFIXES = {
    ".pkl", ".pickle", ".p", ".joblib", ".jbl", ".dill", ".cloudpickle", ".sav", ".skops",
    ".pt", ".pth", ".ckpt", ".mar",
}  # fmt: skip
COMPILED = {".so", ".pyd", ".dll", ".dylib", ".pyc", ".pyo"}
HEAD = 1_000_000  # bytes: what decides stands at the beginning
# What a pickle does to run something; a text that only looks like one has none of these.
CALLS = {"GLOBAL", "STACK_GLOBAL", "INST", "OBJ", "REDUCE", "NEWOBJ", "NEWOBJ_EX", "BUILD"}
PACKED: tuple[tuple[bytes, Callable[[bytes], bytes]], ...] = (
    (b"\x1f\x8b", lambda head: zlib.decompressobj(31).decompress(head, HEAD)),
    (b"BZh", lambda head: bz2.BZ2Decompressor().decompress(head, HEAD)),
    (b"\xfd7zXZ", lambda head: lzma.LZMADecompressor().decompress(head, HEAD)),
    (b"\x78", lambda head: zlib.decompressobj().decompress(head, HEAD)),
)
BROKEN = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)


def opaque(file: Path) -> str:
    """What `file` is that must not be in a bento; empty if nothing speaks against it."""
    suffix = file.suffix.lower()
    if suffix in SUFFIXES:
        return f"a pickle by its name (*{suffix})"
    if suffix in COMPILED:
        return f"compiled code (*{suffix}), which nobody can look into"
    if zipfile.is_zipfile(file):
        return _in_archive(file)
    with file.open("rb") as stream:
        head = stream.read(HEAD)
    return _of(head)


def _of(head: bytes) -> str:
    if _pickled(head):
        return "a pickle"
    if head.startswith(b"\x93NUMPY") and b"O'" in head[:200]:
        return "a numpy file of objects, which are pickled"
    for magic, unpack in PACKED:
        if head.startswith(magic):
            try:
                inside = unpack(head)
            except BROKEN:
                continue  # begins like one by chance
            return "a compressed pickle" if _pickled(inside) else ""
    return ""


def _in_archive(file: Path) -> str:
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            if PurePosixPath(name).suffix.lower() in SUFFIXES:
                return f"an archive with a pickle ({name})"
            with archive.open(name) as stream:
                if _of(stream.read(HEAD)):
                    return f"an archive with a pickle ({name})"
    return ""


def _pickled(head: bytes) -> bool:
    """Does it begin with a pickle? genops reads opcodes and runs none of them."""
    binary = len(head) > 1 and head[0] == 0x80 and 2 <= head[1] <= 5
    calls = False
    count = 0
    try:
        for code, _, _ in pickletools.genops(head):
            count += 1
            calls = calls or code.name in CALLS
            if code.name == "STOP":
                return binary or calls
    except (ValueError, IndexError, UnicodeDecodeError):
        # A long pickle is cut off by HEAD; a text fails at once.
        return (binary and count > 1) or (calls and len(head) == HEAD)
    return binary
