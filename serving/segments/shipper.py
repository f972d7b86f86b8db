"""Carries what a service has written down to a store: closes, sends, marks, and drops later.

It may be killed at any moment and started again. A segment is marked once the store has it; one
that was sent and not marked is sent again, to the same name.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from prometheus_client import Counter, Gauge

from serving.segments.folder import KINDS, Closed, Folder
from serving.segments.store import Store, StoreError

logger = logging.getLogger("shipper")
SENT = Counter("shipper_segments_total", "Segments that the store has.", ["kind"])
BYTES = Counter("shipper_bytes_total", "Bytes of their lines, before compression.", ["kind"])
FAILURES = Counter("shipper_failures_total", "Rounds in which the store did not take a segment.")
WAITING = Gauge("shipper_waiting_bytes", "Bytes in the log folder that the store does not have.")
DONE = Gauge("shipper_done_timestamp_seconds", "When the store had all that was closed.")


@dataclass
class Shipper:
    """From `folder` to `store`. Every `interval` s open files are closed; what was sent stays in
    the folder for `keep` s, for those who read there."""

    folder: Folder
    store: Store
    interval: float
    keep: float
    _closed: float = field(default=float("-inf"), init=False)  # when, by the monotonic clock

    def go(self, *, last: bool = False) -> bool:
        """One round; `last` closes everything. Whether the store has all that was closed."""
        try:
            with self.folder.alone():
                self._close(last=last)
                self._send()
                self._drop()
        except BlockingIOError:
            logger.info("%s is being pruned or erased in, or has another shipper", self.folder.path)
            return False
        except (OSError, StoreError) as error:
            FAILURES.inc()
            logger.error("not shipped: %s", error)
            return False
        finally:
            WAITING.set(self._waiting())
        DONE.set_to_current_time()
        return True

    def _close(self, *, last: bool) -> None:
        """Only at its time: a store that is away gets no smaller segments for it."""
        if not last and time.monotonic() - self._closed < self.interval:
            return
        for kind in KINDS:
            for path in self.folder.close(kind):
                logger.info("%s is written to by an older release, and closed when that ends", path)
        self._closed = time.monotonic()

    def _send(self) -> None:
        for kind in KINDS:
            for segment in self.folder.closed(kind):
                if not segment.shipped:
                    self._send_one(kind, segment)

    def _send_one(self, kind: str, segment: Closed) -> None:
        try:
            lines = segment.path.read_bytes()
        except FileNotFoundError:  # the log was full, and its oldest went
            logger.error("%s was dropped before it was shipped", segment.path)
            return
        closed = datetime.fromtimestamp(segment.time / 1e9, UTC)
        self.store.add(kind, lines, closed, segment.of)
        segment.mark()
        SENT.labels(kind).inc()
        BYTES.labels(kind).inc(len(lines))

    def _drop(self) -> None:
        old = time.time_ns() - int(self.keep * 1e9)
        for kind in KINDS:
            for segment in self.folder.closed(kind):
                if segment.shipped and segment.time <= old:
                    segment.remove()

    def _waiting(self) -> int:
        """In bytes, of open files and of segments."""
        size = 0
        for kind in KINDS:
            size += sum(each.size for each in self.folder.closed(kind) if not each.shipped)
            for path in self.folder.open(kind):
                with suppress(FileNotFoundError):  # its worker has just closed it
                    size += path.stat().st_size
        return size
