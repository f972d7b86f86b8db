"""The file of feedback, which all workers share: each request once, among the newest.

An id is remembered when its line is on the disk and not before: a client that was refused because
the disk is full sends the same again, and then it counts. The file is closed as those of the
prediction log are.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import BinaryIO

import orjson

from serving.segments.folder import close, prune, segments_of
from serving.segments.lines import PATIENCE, append, locked
from serving.settings.policy import LogSettings

logger = logging.getLogger("serving")
NAME = "feedback.jsonl"
REMEMBERED = 200_000  # request ids, the newest; about 30 MB


class FeedbackFile:
    """`feedback.jsonl` in `folder`."""

    def __init__(self, folder: Path, log: LogSettings) -> None:
        self._limit, self._count = log.file_bytes, log.files
        self._path = folder / NAME
        self._turn = threading.Lock()  # so that a slow disk holds one thread, and not all
        self._known: dict[bytes, None] = {}  # the oldest first
        self._file_number = 0  # the inode of the file that was read last
        self._read = 0  # bytes of it that are in `_known`

    def add(self, lines: Mapping[str, bytes]) -> int:
        """Append the lines whose request id is new; how many that were.

        Raises:
            OSError: the disk does not take them; none is written then, and no id is known.
        """
        with self._file() as file:
            self._catch_up(file)
            digests = {_digest(identity): line for identity, line in lines.items()}
            new = {digest: line for digest, line in digests.items() if digest not in self._known}
            if new:
                self._read = append(file.fileno(), b"".join(new.values()))
                for digest in new:
                    self._remember(digest)
                if self._read >= self._limit:
                    self._rotate()
        return len(new)

    @contextmanager
    def _file(self) -> Iterator[FileIO]:
        """The file, for this thread of this worker alone."""
        if not self._turn.acquire(timeout=PATIENCE):
            raise TimeoutError(errno.ETIMEDOUT, "the disk is slow")
        try:
            with locked(self._path) as file:
                yield file
        finally:
            self._turn.release()

    def _rotate(self) -> None:
        """What was written stays written if this fails: then the file grows for now."""
        try:
            close(self._path)
            prune(self._path, self._limit * (self._count - 1))
        except OSError as error:
            logger.error("%s cannot be put aside: %s", self._path, error.strerror)

    def _catch_up(self, file: FileIO) -> None:
        """Read what other workers, or this one before it was restarted, have written. Whoever has
        left half a line was not told that it is kept."""
        status = os.fstat(file.fileno())
        number, size = status.st_ino, status.st_size
        if number != self._file_number:
            self._remember_missed()
            self._file_number, self._read = number, 0
        if size < self._read:  # somebody has emptied it
            self._read = 0
        if size > self._read:
            with self._path.open("rb") as written:
                written.seek(self._read)
                self._remember_all(written)
        self._read = size

    def _remember_missed(self) -> None:
        """The ids in segments that were closed since this worker looked."""
        with ExitStack() as stack:
            missed: list[BinaryIO] = []  # the newest first
            for segment in reversed(segments_of(self._path)):
                with suppress(FileNotFoundError):  # shipped and dropped at this moment
                    missed.append(stack.enter_context(segment.reading()))
                    if os.fstat(missed[-1].fileno()).st_ino == self._file_number:
                        missed[-1].seek(self._read)
                        break
            for file in reversed(missed):
                self._remember_all(file)

    def _remember_all(self, file: BinaryIO) -> None:
        """The ids in the lines from here on."""
        for line in file:
            try:
                self._remember(_digest(orjson.loads(line)["request_id"]))
            except (ValueError, KeyError, TypeError):
                continue  # a line that somebody edited: no reason to refuse the next ones

    def _remember(self, digest: bytes) -> None:
        self._known[digest] = None
        if len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]


def _digest(identity: str) -> bytes:
    return hashlib.blake2b(identity.encode(), digest_size=16).digest()
