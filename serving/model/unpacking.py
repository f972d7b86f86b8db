"""Look into archives and compressed files: within bounds, and without trusting what they say.

A part is read until it ends or breaks: a loader that reads it in pieces gets as far.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import IO, Any

MOST = 1 << 30  # bytes that are unpacked of one file, or twice its size if that is more
FILES = 10_000  # parts of one file
PIECE = 1 << 16
READ = 1 << 22  # bytes that an archive's own index may have
OPAQUE = (b"\x04\x22\x4d\x18", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07")
"""What LZ4, Zstandard, 7z and RAR begin with, which Python's own library cannot unpack."""
Opener = Callable[[IO[bytes]], Any]
COMPRESSED: Mapping[bytes, Opener] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
    b"\x5d\x00\x00": lzma.open,
}
BROKEN = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)
UNREADABLE = (*BROKEN, tarfile.TarError, RuntimeError)


class UnreadableError(Exception):
    """What a file holds cannot be looked into. The message says what the file is."""


@dataclass
class Budget:
    """What may still be unpacked of one file, in bytes and in parts."""

    left: int
    parts: int

    @classmethod
    def of(cls, size: int) -> Budget:
        return cls(max(MOST, 2 * size), FILES)

    def take(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise UnreadableError("an archive that holds more than is unpacked to look into it")

    def part(self) -> None:
        self.parts -= 1
        if self.parts < 0:
            raise UnreadableError(f"an archive of more than {FILES} files")


@dataclass(frozen=True)
class Part:
    """A file in an archive. `opened` gives its bytes, each time from the beginning."""

    name: str
    opened: Callable[[], IO[bytes]]


def parts(file: IO[bytes], budget: Budget) -> Iterator[Part]:
    """What is inside a seekable archive or compressed file; nothing of other files.

    Raises:
        UnreadableError: it is encrypted, broken or larger than `budget`.
    """
    file.seek(0)
    head = file.read(tarfile.BLOCKSIZE)
    for opened in _compressions(head):
        budget.part()
        yield Part("its content", partial(_from_start, opened, file, budget))
    if zipfile.is_zipfile(file):  # found from its end: anything may stand before it, a tar too
        yield from _guarded(_zipped(file, budget))
    if _is_tar(head):
        yield from _guarded(_tarred(file, budget))


def is_archive(head: bytes) -> bool:
    """Do these first bytes begin something that has parts?"""
    return any(True for _ in _compressions(head)) or head[:2] == b"PK" or _is_tar(head)


def _compressions(head: bytes) -> Iterator[Opener]:
    yield from (opened for magic, opened in COMPRESSED.items() if head.startswith(magic))
    if (
        len(head) > 1
        and head[0] & 15 == zlib.DEFLATED
        and int.from_bytes(head[:2], "big") % 31 == 0
    ):
        yield lambda file: io.BufferedReader(_Inflated(file))


def _is_tar(head: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except tarfile.TarError:
        return False
    return True


def _zipped(file: IO[bytes], budget: Budget) -> Iterator[Part]:
    with zipfile.ZipFile(_Narrow(file)) as archive:
        for entry in archive.infolist():
            budget.part()
            archive.open(entry).close()  # encrypted, or another name where its bytes are
            yield Part(entry.filename, partial(_counted, partial(archive.open, entry), budget))


def _tarred(file: IO[bytes], budget: Budget) -> Iterator[Part]:
    file.seek(0)
    narrow: Any = _Narrow(file)  # has what is needed to read
    with tarfile.open(fileobj=narrow, mode="r:") as archive:
        for item in archive:
            budget.part()
            if item.isreg():
                opened = partial(archive.extractfile, item)
                yield Part(item.name, partial(_counted, opened, budget))


def _guarded(found: Iterator[Part]) -> Iterator[Part]:
    try:
        yield from found
    except UNREADABLE as error:
        raise UnreadableError("an archive that cannot be looked into") from error


def _from_start(opened: Opener, file: IO[bytes], budget: Budget) -> IO[bytes]:
    file.seek(0)
    return _counted(lambda: opened(file), budget)


def _counted(opened: Callable[[], Any], budget: Budget) -> IO[bytes]:
    return io.BufferedReader(_Counted(opened(), budget), PIECE)


class _Counted(io.RawIOBase):
    """Counts what is read, and ends where that breaks."""

    def __init__(self, stream: Any, budget: Budget) -> None:
        self._stream = stream
        self._budget = budget

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            # No more than one piece: what stands before a broken one would be lost.
            piece = self._stream.read1(min(len(buffer), PIECE))
        except BROKEN:
            piece = b""
        self._budget.take(len(piece))
        buffer[: len(piece)] = piece
        return len(piece)


class _Inflated(io.RawIOBase):
    """A zlib stream; its checksum is not looked at."""

    def __init__(self, file: IO[bytes]) -> None:
        file.read(2)
        self._file = file
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._inflate.eof:
            packed = self._inflate.unconsumed_tail or self._file.read(PIECE)
            piece = self._inflate.decompress(packed, len(buffer))
            if piece or not packed:
                buffer[: len(piece)] = piece
                return len(piece)
        return 0


class _Narrow:
    """A file that refuses to be read in large pieces: the index of an archive may be a bomb."""

    def __init__(self, file: IO[bytes]) -> None:
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable
        self._file = file

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(READ + 1 if size < 0 else min(size, READ + 1))
        if len(piece) > READ:
            raise UnreadableError("an archive whose index is too large to look into it")
        return piece
