"""Where predictions and feedback lie: the log folder of a target, or a store that shippers fill.

One reader for both. It has one file in memory at a time, or a few objects.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from delivery.errors import HeldError, StoreError
from serving.segments.folder import KINDS, Closed, Folder
from serving.segments.lines import write_whole

if TYPE_CHECKING:
    from serving.segments.store import Store, Stored

AT_ONCE = 8  # objects: a store takes its time for each, however small


class Old(Protocol):
    """What goes when it is old."""

    @property
    def day(self) -> date:
        """Of its newest line."""
        ...

    def remove(self) -> None: ...


class Piece(Old, Protocol):
    """Some lines that do not change by themselves."""

    def read(self) -> bytes:
        """Its lines; StoreError if they are gone or broken."""
        ...

    def replace(self, lines: bytes) -> None:
        """Let `lines` stand here, or leave what is there."""
        ...


class Place(Protocol):
    """What has pieces."""

    @property
    def address(self) -> str: ...

    def lines(self, kind: str, since: date) -> Iterator[bytes]:
        """Lines of `kind`, at least those from the day `since` on; the newest may be half one."""
        ...

    def pieces(self, kind: str) -> Sequence[Piece]:
        """All that can be replaced or removed. HeldError if some of it cannot yet."""
        ...

    def shadows(self) -> Sequence[Old]:
        """Journals of shadows: scores and segments of requests, without their ids."""
        ...

    def sweep(self) -> None:
        """Remove what no reader sees any more."""
        ...

    def state(self, name: str, text: str) -> None:
        """Keep a document at `name`."""
        ...

    def alone(self) -> AbstractContextManager[None]:
        """While no shipper is at work here; HeldError if one is."""
        ...


def place_of(address: str) -> Place:
    """The log folder or the store at `address`; StoreError if nothing here knows such an address.

    A folder is a store if it looks like one.
    """
    folder = Path(address)
    if "://" in address or any((folder / kind).is_dir() for kind in KINDS):
        from serving.segments.store import Store  # brings fsspec
        from serving.segments.store import StoreError as Failed

        try:
            return _Filled(Store(address))
        except Failed as error:
            raise StoreError(str(error)) from error
    return _Written(Folder(folder))


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
class _Written:
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


@dataclass(frozen=True)
class _Object:
    """A segment in a store."""

    store: Store
    stored: Stored

    @property
    def day(self) -> date:
        return self.stored.day

    def read(self) -> bytes:
        with _told():
            return self.store.read(self.stored)

    def replace(self, lines: bytes) -> None:
        with _told():
            self.store.replace(self.stored, lines)

    def remove(self) -> None:
        with _told():
            self.store.remove(self.stored)


@dataclass(frozen=True)
class _Filled:
    """A store."""

    store: Store

    @property
    def address(self) -> str:
        return self.store.address

    def lines(self, kind: str, since: date) -> Iterator[bytes]:
        with _told():
            found = self.store.find(kind, since)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for start in range(0, len(found), AT_ONCE):
                some = (_Object(self.store, each) for each in found[start : start + AT_ONCE])
                for lines in pool.map(_Object.read, some):
                    yield from lines.splitlines(keepends=True)

    def pieces(self, kind: str) -> Sequence[Piece]:
        with _told():
            return [_Object(self.store, stored) for stored in self.store.find(kind)]

    def shadows(self) -> Sequence[Old]:
        return ()

    def sweep(self) -> None:
        with _told():
            for kind in KINDS:
                for stored in self.store.replaced(kind):
                    self.store.remove(stored)

    def state(self, name: str, text: str) -> None:
        with _told():
            self.store.write(name, text.encode())

    def alone(self) -> AbstractContextManager[None]:
        return nullcontext()


@contextmanager
def _told() -> Iterator[None]:
    """What the store says, as an error of ours."""
    from serving.segments.store import StoreError as Failed

    try:
        yield
    except Failed as error:
        raise StoreError(str(error)) from error
    except FileNotFoundError as error:
        raise StoreError(f"{error} is gone: erased or pruned meanwhile. Run this again") from error
