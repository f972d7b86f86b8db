"""A log folder: what workers write to, and what was closed.

    predictions-<pid>.jsonl                    a worker appends to it
    predictions-<pid>.jsonl.<time>             closed at that time, in ns since 1970; never changes
    predictions-<pid>.jsonl.<time>.shipped     and a store has it
    ….jsonl.<time>-of-<digest>[.shipped]       what an erasure left of a segment with that digest
    feedback.jsonl, feedback.jsonl.<time>, …   the same of what all workers append to

Who has the lock of an open file may close it: the worker when it is large, the shipper when it is
time.
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from serving.segments.lines import locked, write_whole

PREDICTIONS, FEEDBACK = "predictions", "feedback"
KINDS = (PREDICTIONS, FEEDBACK)
OPEN = {PREDICTIONS: "predictions-*.jsonl", FEEDBACK: "feedback.jsonl"}
SHIPPED = ".shipped"
_CLOSED = re.compile(
    r"(?P<file>.+\.jsonl)\.(?P<time>\d{1,20})(-of-(?P<of>[0-9a-f]{32}))?(?P<shipped>\.shipped)?"
)


@dataclass(frozen=True, slots=True)
class Closed:
    """A segment: `time` of its end, in ns since 1970; `of` is the digest of the one that it is what
    an erasure left of, or empty."""

    path: Path
    time: int
    shipped: bool
    of: str = ""

    @property
    def marked(self) -> Path:
        """What it is called once a store has it."""
        return self.path if self.shipped else self.path.with_name(self.path.name + SHIPPED)

    @property
    def size(self) -> int:
        """In bytes; 0 if it is gone."""
        for path in (self.path, self.marked):
            with suppress(FileNotFoundError):
                return path.stat().st_size
        return 0

    def mark(self) -> None:
        """A store has it."""
        with suppress(FileNotFoundError):  # the log was full, and its oldest went
            self.path.rename(self.marked)

    def remove(self) -> None:
        """Delete it, also if it was marked meanwhile."""
        for path in (self.path, self.marked):
            path.unlink(missing_ok=True)

    def replace(self, lines: bytes, digest: str) -> None:
        """Let `lines` stand here instead; without any, nothing does. `digest` is that of what
        stands here now. OSError if the disk does not let it: nothing has changed then."""
        if lines:
            file = self.path.name.rpartition(".jsonl.")[0]
            end = SHIPPED if self.shipped else ""
            name = f"{file}.jsonl.{self.time}-of-{self.of or digest}{end}"
            write_whole(self.path.with_name(name), lines)
            if name == self.path.name:
                return
        self.path.unlink(missing_ok=True)

    @contextmanager
    def reading(self) -> Iterator[BinaryIO]:
        """Its bytes, also if it was marked meanwhile; FileNotFoundError if it is gone."""
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            file = self.marked.open("rb")
        with file:
            yield file


def close(path: Path) -> None:
    """Make a segment of what stands in the open file `path`. The caller has its lock; OSError if
    the disk does not let it."""
    now = time.time_ns()
    while any((path.with_name(f"{path.name}.{now}{end}")).exists() for end in ("", SHIPPED)):
        now += 1
    path.rename(path.with_name(f"{path.name}.{now}"))


def segments_of(path: Path) -> Sequence[Closed]:
    """What was closed of the open file `path`, the oldest first."""
    return _closed(path.parent.glob(f"{path.name}.*"))


def prune(path: Path, limit: int) -> None:
    """Delete the oldest segments of the open file `path` while they have more than `limit` bytes
    together."""
    size = 0
    for each in reversed(segments_of(path)):
        size += each.size
        if size > limit:
            each.remove()


class Folder:
    """The log folder at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def open(self, kind: str) -> Sequence[Path]:
        """Files that are written to, or were when their worker ended."""
        return sorted(self.path.glob(OPEN[kind]))

    def closed(self, kind: str) -> Sequence[Closed]:
        """Segments, the oldest first."""
        return _closed(self.path.glob(f"{OPEN[kind]}.*"))

    def replaced(self, kind: str) -> Sequence[Path]:
        """Segments that do not count any more: an erasure was cut off after it had written what is
        left of them."""
        paths = list(self.path.glob(f"{OPEN[kind]}.*"))
        counted = {each.path for each in _closed(paths)}
        return [path for path in paths if _CLOSED.fullmatch(path.name) and path not in counted]

    def close(self, kind: str) -> Sequence[Path]:
        """Close every file of `kind` that holds lines. Those that somebody else keeps locked, such
        as a worker of an older release, are left open and returned."""
        left = []
        for path in self.open(kind):
            try:
                with locked(path) as file:
                    if os.fstat(file.fileno()).st_size:
                        close(path)
            except TimeoutError:
                left.append(path)
        return left

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While nobody else ships, erases or prunes here; BlockingIOError if somebody does."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.path / ".segments.lock").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield


def _closed(paths: Iterable[Path]) -> Sequence[Closed]:
    """Without those whose place another one has taken."""
    found: dict[tuple[str, int], Closed] = {}
    for path in paths:
        if match := _CLOSED.fullmatch(path.name):
            shipped = match["shipped"] is not None
            each = Closed(path, int(match["time"]), shipped, match["of"] or "")
            known = found.get((match["file"], each.time))
            if known is None or not known.of:
                found[match["file"], each.time] = each
    return sorted(found.values(), key=lambda each: (each.time, each.path.name))
