"""Find pickles. To load one is to run whatever its author wrote, so a predictor has none.

By name and by content, since names lie: a pickle, a compressed one as joblib writes, one in a
ZIP as torch writes, one in a tar, and the pickled objects of numpy's own formats.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickletools
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Any

SUFFIXES = frozenset(
    {".pkl", ".pickle", ".joblib", ".dill", ".cloudpickle", ".pt", ".pth", ".ckpt"}
)
MOST = 1 << 28  # bytes that are looked at of what an archive holds
DEPTH = 3  # archives in archives
Opened = Callable[[IO[bytes]], Any]
_PACKED: Mapping[bytes, Opened] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
    b"\x5d\x00\x00": lzma.open,
}
_MAGIC = frozenset([b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"])
_CALLS = frozenset(["INST", "OBJ", "REDUCE", "NEWOBJ", "NEWOBJ_EX", "BUILD"])


def pickled(folder: Path) -> str | None:
    """The first file below `folder` that is or holds a pickle, and why; None without one."""
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        if reason := _suspect(file.name, file.read_bytes(), DEPTH):
            return f"{file.relative_to(folder).as_posix()} {reason}"
    return None


def _suspect(name: str, content: bytes, depth: int) -> str | None:
    if PurePosixPath(name).suffix.lower() in SUFFIXES:
        return "has a suffix of pickles"
    if _is_pickle(content):
        return "is a pickle"
    if content.startswith(b"\x93NUMPY") and b"'|O'" in content.partition(b"\n")[0]:
        return "holds pickled objects"
    for member, part in _parts(content):
        if depth == 0:
            return "is an archive of archives"
        if reason := _suspect(member, part, depth - 1):
            return f"holds {member[:80]!r}, which {reason}"
    return None


def _is_pickle(content: bytes) -> bool:
    """Does it begin as pickles since protocol 2 do, or call something when it is loaded?

    Older ones are text, which other text may look like: opcodes are followed, with the depth of
    their stack, up to the first that could not be run.
    """
    magic = content[:2] in _MAGIC
    stack: list[bool] = []  # is it a mark?
    try:
        for count, (code, _, _) in enumerate(pickletools.genops(content)):
            if (magic and count == 1) or not _run(code, stack):
                return magic and count == 1
            if code.name in _CALLS:
                return True
    except Exception:  # genops raises whatever its decoders raise: that opcode could not be run
        return False
    return False


def _run(code: pickletools.OpcodeInfo, stack: list[bool]) -> bool:
    """Do to `stack` what an opcode does; False if it holds too little."""
    before: list[Any] = code.stack_before
    taken = len(before)
    if pickletools.markobject in before:
        if True not in stack:
            return False
        while not stack.pop():
            pass
        taken = before.index(pickletools.markobject)
    if taken > len(stack):
        return False
    del stack[len(stack) - taken :]
    stack += [kind is pickletools.markobject for kind in code.stack_after]
    return True


def _parts(content: bytes) -> Iterator[tuple[str, bytes]]:
    """What is inside an archive or a compressed file; nothing of other files."""
    for magic, opened in _PACKED.items():
        if content.startswith(magic):
            yield from _unpacked(opened, content)
    if content[:1] == b"\x78":
        yield from _unpacked(_zlib, content)
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist():
                with archive.open(entry) as member:
                    yield entry.filename, member.read(MOST)
    elif content[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            for item in tar:
                stream = tar.extractfile(item)
                yield item.name, stream.read(MOST) if stream else b""


def _unpacked(opened: Opened, content: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        yield "its content", opened(io.BytesIO(content)).read(MOST)
    except (OSError, EOFError, zlib.error, lzma.LZMAError):
        return  # it only begins like one


def _zlib(file: IO[bytes]) -> IO[bytes]:
    return io.BytesIO(zlib.decompressobj().decompress(file.read(), MOST))
