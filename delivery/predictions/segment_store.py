"""A store that shippers fill as a place. It has a few objects in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date

from delivery.errors import StoreError
from delivery.predictions.place import Old, Piece
from serving.segments.folder import KINDS
from serving.segments.store import Store, Stored
from serving.segments.store import StoreError as Failed

AT_ONCE = 8  # objects: a store takes its time for each, however small


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
class SegmentStore:
    """A store."""

    store: Store

    @property
    def address(self) -> str:
        return self.store.address

    def lines(self, kind: str, since: date) -> Iterator[bytes]:
        with _told():
            segments = self.store.find(kind, since)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for start in range(0, len(segments), AT_ONCE):
                some = (_Object(self.store, each) for each in segments[start : start + AT_ONCE])
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
    try:
        yield
    except Failed as error:
        raise StoreError(str(error)) from error
    except FileNotFoundError as error:
        raise StoreError(f"{error} is gone: erased or pruned meanwhile. Run this again") from error
