"""What a place of predictions and feedback can do: the log folder of a target, or a store that
shippers fill."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import Protocol


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
