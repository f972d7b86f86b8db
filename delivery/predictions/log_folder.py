"""The log folder of a target as a place. It has one file in memory at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from delivery.errors import HeldError
from delivery.predictions.place import Old, Piece
from serving.segments.folder import KINDS, Closed, Folder
from serving.segments.lines import write_whole


@dataclass(frozen=True)
class _Segment:
    """A closed file of a log folder."""

    closed: Closed

    @property
    def day(self) -> date:
        from serving.segments.store import day_of

        return day_of(self.read()) or datetime.fromtimestamp(self.closed.time / 1e9, UTC).date()

    def read(self) -> bytes:
        try:
            with self.closed.reading() as file:
                return file.read()
        except FileNotFoundError:  # the log was full, and its oldest went
            return b""

    def replace(self, lines: bytes) -> None:
        from serving.segments.store import digest_of

        self.closed.replace(lines, digest_of(self.read()))

    def remove(self) -> None:
        self.closed.remove()


@dataclass(frozen=True)
class _Journal:
    """What a shadow has compared."""

    path: Path

    @property
    def day(self) -> date:
        return datetime.fromtimestamp(self.path.stat().st_mtime, UTC).date()

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)


@dataclass(frozen=True)
class LogFolder:
    """A log folder."""

    folder: Folder

    @property
    def address(self) -> str:
        return str(self.folder.path)

    def lines(self, kind: str, since: date) -> Iterator[bytes]:  # noqa: ARG002 - files have no days
        with ExitStack() as stack:
            opened = []
            for path in self.folder.open(kind):
                with suppress(FileNotFoundError):  # closed since, so it is in the next list
                    opened.append(stack.enter_context(path.open("rb")))
            known = {os.fstat(file.fileno()).st_ino for file in opened}
            for closed in self.folder.closed(kind):
                with suppress(FileNotFoundError), closed.reading() as file:
                    if os.fstat(file.fileno()).st_ino not in known:  # closed since
                        yield from file
            for file in opened:
                yield from file

    def pieces(self, kind: str) -> Sequence[Piece]:
        if left := self.folder.close(kind):
            raise HeldError(
                f"{left[0]} is kept open by a release from before segments. Run this again when "
                "that release has ended"
            )
        return [_Segment(closed) for closed in self.folder.closed(kind)]

    def shadows(self) -> Sequence[Old]:
        return [_Journal(path) for path in sorted(self.folder.path.glob("shadow-*.jsonl"))]

    def sweep(self) -> None:
        for kind in KINDS:
            for path in self.folder.replaced(kind):
                path.unlink(missing_ok=True)

    def state(self, name: str, text: str) -> None:
        write_whole(self.folder.path / name, text.encode())

    @contextmanager
    def alone(self) -> Iterator[None]:
        with ExitStack() as stack:
            try:
                stack.enter_context(self.folder.alone())
            except BlockingIOError as error:
                raise HeldError(
                    f"a shipper or another command is at work in {self.address}. Run this again"
                ) from error
            yield
