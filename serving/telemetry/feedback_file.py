"""The file of feedback, which all workers share: each request once, among the newest.

An id is remembered when its line is on the disk and not before: a client that was refused because
the disk is full sends the same again, and then it counts. The file is rotated as the prediction
log is.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import logging
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BufferedRandom
from pathlib import Path
from typing import BinaryIO

import orjson

from serving.settings.policy import LogSettings
from serving.telemetry.lines import append, cut_half_line
from serving.telemetry.rotation import is_at, older, put_aside

logger = logging.getLogger("serving")
NAME = "feedback.jsonl"
REMEMBERED = 200_000  # request ids, the newest; about 30 MB
PATIENCE = 2.0  # s that feedback waits for other feedback to be written


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
                    self._rotate(file)
        return len(new)

    @contextmanager
    def _file(self) -> Iterator[BufferedRandom]:
        """The file, for this thread of this worker alone."""
        if not self._turn.acquire(timeout=PATIENCE):
            raise TimeoutError(errno.ETIMEDOUT, "the disk is slow")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            while True:
                with self._path.open("a+b") as file:
                    fcntl.flock(file, fcntl.LOCK_EX)
                    # Not if it was put aside while this worker waited for it.
                    if is_at(self._path, file.fileno()):
                        yield file
                        return
        finally:
            self._turn.release()

    def _rotate(self, file: BufferedRandom) -> None:
        """What was written stays written if this fails: then the file grows for now."""
        try:
            if self._count == 1:
                file.truncate(0)
            put_aside(self._path, self._count)
        except OSError as error:
            logger.error("%s cannot be put aside: %s", self._path, error.strerror)

    def _catch_up(self, file: BufferedRandom) -> None:
        """Read what other workers, or this one before it was restarted, have written. Whoever has
        left half a line was not told that it is kept."""
        size = cut_half_line(file.fileno())
        number = os.fstat(file.fileno()).st_ino
        if number != self._file_number:
            for path, start in reversed(list(self._missed())):
                with path.open("rb") as past:
                    past.seek(start)
                    self._remember_all(past)
            self._file_number, self._read = number, 0
        if size < self._read:  # somebody has emptied it
            self._read = 0
        file.seek(self._read)
        self._remember_all(file)
        self._read = size

    def _missed(self) -> Iterator[tuple[Path, int]]:
        """The files that were put aside since this worker looked, the newest first, and from
        where on it does not know them."""
        for path in filter(Path.exists, older(self._path, self._count)):
            if path.stat().st_ino == self._file_number:
                yield path, self._read
                return
            yield path, 0

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
