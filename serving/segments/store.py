"""A store of segments: a folder, or whatever else fsspec has a driver for.

    ADDRESS/predictions/2026-11-28/<digest>.jsonl.gz
    ADDRESS/predictions/2026-11-28/<digest>-of-<digest>.jsonl.gz
    ADDRESS/feedback/…

The day is that of the newest line, in UTC. The digest is that of the lines, so the same lines come
to the same place however often they are sent, and whoever reads notices what is broken. What an
erasure leaves of a segment is a segment `-of-` the other one: from then on the other one does not
count, and does not come back.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from serving.segments.lines import write_whole

HEX = 32  # digits of a digest: 128 bits
_NAME = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)/(?P<digest>[0-9a-f]{32})(-of-(?P<of>[0-9a-f]{32}))?\.jsonl\.gz"
)


class StoreError(Exception):
    """The store does not answer, refuses, or holds something broken."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A segment in a store; `of` is the digest of the one whose place it takes, or empty."""

    kind: str
    day: date
    digest: str
    of: str = ""

    @property
    def name(self) -> str:
        """Below the address."""
        whose = f"-of-{self.of}" if self.of else ""
        return f"{self.kind}/{self.day}/{self.digest}{whose}.jsonl.gz"

    @property
    def origin(self) -> str:
        """The digest of what a shipper once sent."""
        return self.of or self.digest


class Store:
    """The store at `address`; StoreError if nothing here knows such an address."""

    def __init__(self, address: str) -> None:
        self.address = address
        try:
            # What others sent a second ago has to be seen.
            self._fs, root = url_to_fs(address, use_listings_cache=False)
        except (ValueError, ImportError, OSError) as error:
            raise StoreError(
                f"{address}: no file system for this address: {error}. A driver belongs in "
                "model/batch.in; `make lock` locks it"
            ) from error
        self._root = str(root).rstrip("/")

    def add(self, kind: str, lines: bytes, closed: datetime, of: str = "") -> bool:
        """Keep a segment. False if it is there already, or an erasure has taken its place. `closed`
        is its day if its last line tells none; `of` is the digest that it had before an erasure."""
        stored = Stored(kind, day_of(lines) or closed.date(), digest_of(lines), of)
        if any(stored.origin == each.origin for each in self._all(kind, stored.day)):
            return False
        self._put(stored, lines)
        return True

    def find(self, kind: str, since: date | None = None) -> Sequence[Stored]:
        """Segments with lines from the day `since` on, by day. Those whose place another one has
        taken are left out."""
        segments = self._all(kind)
        gone = {each.of for each in segments}
        return [
            each for each in segments if each.digest not in gone and each.day >= (since or date.min)
        ]

    def replaced(self, kind: str) -> Sequence[Stored]:
        """Segments whose place another one has taken: an erasure was cut off, or a shipper that was
        killed has sent one again."""
        segments = self._all(kind)
        gone = {each.of for each in segments}
        return [each for each in segments if each.digest in gone]

    def read(self, stored: Stored) -> bytes:
        """Its lines; StoreError unless they are what was once sent."""
        with self._asked():
            packed: bytes = self._fs.cat_file(self._path(stored.name))
        try:
            lines = gzip.decompress(packed)
        except (OSError, EOFError, zlib.error) as error:
            raise StoreError(f"{self.address}: {stored.name} is broken: {error}") from error
        if digest_of(lines) != stored.digest:
            raise StoreError(f"{self.address}: {stored.name} holds other lines than its name says")
        return lines

    def replace(self, stored: Stored, lines: bytes) -> None:
        """Let `lines`, perhaps none, take the place of a segment. Whoever is killed here leaves
        either one or the other to readers."""
        self._put(Stored(stored.kind, stored.day, digest_of(lines), stored.origin), lines)
        self.remove(stored)

    def remove(self, stored: Stored) -> None:
        """Delete a segment; nothing happens if it is gone."""
        with self._asked(), suppress(FileNotFoundError):
            self._fs.rm_file(self._path(stored.name))

    def write(self, name: str, content: bytes) -> None:
        """Put a document at `name` below the address, as a whole."""
        path = self._path(name)
        with self._asked():
            if isinstance(self._fs, LocalFileSystem):
                write_whole(Path(path), content)
            else:  # an object is there as a whole or not at all
                self._fs.pipe_file(path, content)

    def _put(self, stored: Stored, lines: bytes) -> None:
        self.write(stored.name, gzip.compress(lines, compresslevel=6, mtime=0))

    def _all(self, kind: str, day: date | None = None) -> Sequence[Stored]:
        folder = self._path(f"{kind}/{day}" if day else kind)
        try:
            with self._asked():
                names = self._fs.find(folder)
        except FileNotFoundError:
            return []
        top = len(self._path(kind)) + 1
        matches = [_NAME.fullmatch(name[top:]) for name in map(str, names)]
        segments = [
            Stored(kind, date.fromisoformat(match["day"]), match["digest"], match["of"] or "")
            for match in matches
            if match
        ]
        return sorted(segments, key=lambda each: each.name)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """Drivers raise what they like; FileNotFoundError goes through."""
        try:
            yield
        except FileNotFoundError:
            raise
        except Exception as error:
            what = " ".join(str(error).split())[:200]
            raise StoreError(f"{self.address}: {type(error).__name__}: {what}") from error


def digest_of(lines: bytes) -> str:
    """What lines are called: the first 128 bits of their SHA-256, in hex."""
    return hashlib.sha256(lines).hexdigest()[:HEX]


def day_of(lines: bytes) -> date | None:
    """The day of the last line, in UTC; None if it tells none."""
    try:
        time: Any = json.loads(lines[lines.rstrip(b"\n").rfind(b"\n") + 1 :])["time"]
        return datetime.fromisoformat(time).astimezone(UTC).date()
    except (ValueError, KeyError, TypeError):
        return None
