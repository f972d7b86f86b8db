"""The prediction log: what was asked and answered, as lines of JSON, written by a thread.

One line for a request: release, id, time, a digest of the rows as they were sent, and inputs and
scores by column. Two releases that got the same bytes write the same digest.

The requests themselves make the lines, of a few rows at a time: the thread would make them no
cheaper, and would hold other requests up for as long as Python lets a thread run. The thread only
waits for the disk, and makes the lines of what is left when few requests come.

What is between the requests and the disk is bounded; what does not fit is dropped and counted.
Whatever the disk does, the thread goes on: each row is counted as written or as dropped.
"""

from __future__ import annotations

import atexit
import hashlib
import logging
import os
import threading
import time
from collections import deque

from prometheus_client import Counter

from serving.contract import Contract
from serving.predict.predictor import Scored
from serving.segments.lines import repair
from serving.settings.service import Start
from serving.telemetry.predictions.log_lines import LogLines
from serving.telemetry.predictions.rotation import RotatingFile
from serving.telemetry.predictions.short_lines import Entry
from serving.telemetry.request_context import current

logger = logging.getLogger("serving")
ROWS = 50_000  # that wait at most
BATCH = 32  # rows whose lines are made together
CHUNK = 64 * 1024  # bytes that are written together, and what one more piece has
PAUSE = 0.2  # s between two looks at the queue
FAREWELL = 5.0  # s that the end of the process waits for the disk
BUCKETS = 2**32

WRITTEN = Counter("serving_logged_rows_total", "Rows written to the prediction log.", ["release"])
DROPPED = Counter(
    "serving_log_dropped_rows_total",
    "Rows that the prediction log had no room for, or could not write.",
    ["release"],
)


class PredictionLog:
    """Writes the requests that were sampled to `predictions-<pid>.jsonl` in the log folder."""

    def __init__(self, contract: Contract, start: Start) -> None:
        assert start.host.log_folder is not None
        settings = start.settings.log
        self._threshold = int(settings.share * BUCKETS)
        self._folder = start.host.log_folder
        self._file = RotatingFile(
            self._folder / f"predictions-{os.getpid()}.jsonl",
            limit=settings.file_bytes,
            count=settings.files,
        )
        self._key = start.host.log_key.encode()
        # Without a key, whoever guesses a sensitive value could check it by the digest.
        self._hides = any(spec.sensitive for spec in contract.inputs) and not self._key
        self._text = LogLines(contract, start.release, self._key)
        self._rows = 0  # whose lines are not made yet
        self._queue: deque[tuple[bytes, int]] = deque()  # lines, and their rows
        self._waiting = 0  # rows in both
        self._lock = threading.RLock()  # over these four
        self._writing = threading.Lock()
        self._lost = 0  # rows since the last write that succeeded
        self._written = WRITTEN.labels(start.release)
        self._dropped = DROPPED.labels(start.release)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prediction-log", daemon=True)

    def start(self) -> None:
        """Begin to write; what is in the queue at the end of the process is written as well.
        Half lines of workers that were killed are cut off."""
        try:
            for path in self._folder.glob("predictions-*.jsonl"):
                repair(path)
        except OSError as error:
            logger.error("%s cannot be repaired: %s", self._folder, error.strerror)
        self._thread.start()
        atexit.register(self.close)

    def scored(self, scored: Scored) -> None:
        """Take note of an answered request, if it belongs to the share that is kept. The same
        rows are always kept or never, on every worker and by every release."""
        digest = hashlib.blake2b(scored.body, digest_size=16, key=self._key[:64])
        if int.from_bytes(digest.digest()[:4], "big") >= self._threshold:
            return
        rows, known = scored.batch.rows, "" if self._hides else digest.hexdigest()
        with self._lock:
            if self._waiting + rows > ROWS:
                self._dropped.inc(rows)
                return
            self._waiting += rows
            self._rows += rows
            try:
                entry = Entry(current().id, time.time(), scored.batch, scored.score, known)
                self._text.add(entry)
                if self._rows >= BATCH:
                    self._make_lines()
            except Exception as fault:  # a bug costs rows, and never the log
                self._fail(fault)

    def _make_lines(self) -> None:
        """Queue the lines of what has come."""
        self._queue.append((self._text.take(), self._rows))
        self._rows = 0

    def _make_rest(self) -> None:
        """Queue the lines of what has come when few requests come."""
        with self._lock:
            try:
                if self._rows:
                    self._make_lines()
            except Exception as fault:  # as above
                self._fail(fault)

    def _fail(self, fault: Exception) -> None:
        """Give up the rows whose lines are not made yet."""
        rows, self._rows = self._rows, 0
        self._waiting -= rows
        self._drop(rows, type(fault).__name__, fault)

    def close(self) -> None:
        """Write what is waiting, and end. Nobody waits for a disk that does not answer: what is
        in the queue is dropped then."""
        self._stop.set()
        if self._writing.acquire(timeout=FAREWELL):
            self._writing.release()
            self.flush()
        else:
            self._drop(self._waiting, "the disk does not answer")

    def _run(self) -> None:
        while not self._stop.wait(PAUSE):
            self.flush()

    def flush(self) -> None:
        """Write what is waiting."""
        with self._writing:
            self._make_rest()
            while self._queue:
                self._write(*self._chunk())

    def _chunk(self) -> tuple[bytes, int]:
        """Lines from the queue, and their rows. A write costs as much as many lines, but either
        succeeds or fails for all of them."""
        parts, size, count = [], 0, 0
        while self._queue and size < CHUNK:
            lines, rows = self._queue.popleft()
            parts.append(lines)
            size += len(lines)
            count += rows
        return b"".join(parts), count

    def _write(self, lines: bytes, rows: int) -> None:
        with self._lock:
            self._waiting -= rows
        try:
            self._file.write(lines)
        except OSError as error:
            self._drop(rows, error.strerror)
        else:
            self._keep(rows)

    def _keep(self, rows: int) -> None:
        self._written.inc(rows)
        if self._lost:
            logger.warning("the prediction log is written again; %d rows are lost", self._lost)
            self._lost = 0

    def _drop(self, rows: int, reason: str | None, fault: Exception | None = None) -> None:
        """Count the rows; say why once, not with every write until the disk is mended."""
        self._dropped.inc(rows)
        if not self._lost:
            logger.error("the prediction log cannot be written: %s", reason, exc_info=fault)
        self._lost += rows
