"""The prediction log: what was asked and answered, as lines of JSON, written by a thread.

One line for a request: release, id, time, and inputs and scores by column. The queue between the
requests and the thread is bounded; what does not fit is dropped and counted. Fields that the
contract calls sensitive are written as a keyed hash, and without a key not at all.

Whatever the disk does, the thread goes on: each row is counted as written or as dropped.
"""

from __future__ import annotations

import atexit
import hmac
import logging
import os
import threading
import time
import zlib
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import orjson
from prometheus_client import Counter

from serving.contract import Contract
from serving.predict.predictor import Scored
from serving.rows.column import Array
from serving.settings.service import Start
from serving.telemetry.lines import repair
from serving.telemetry.request_context import current
from serving.telemetry.rotation import RotatingFile

logger = logging.getLogger("serving")
ROWS = 50_000  # that wait at most
BATCH = 32  # requests whose lines are written together
PAUSE = 0.2  # s between two looks at the queue
FAREWELL = 5.0  # s that the end of the process waits for the disk
BUCKETS = 2**32

WRITTEN = Counter("serving_logged_rows_total", "Rows written to the prediction log.", ["release"])
DROPPED = Counter(
    "serving_log_dropped_rows_total",
    "Rows that the prediction log had no room for, or could not write.",
    ["release"],
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One answered request that waits to be written."""

    id: str
    time: float
    columns: Mapping[str, Array]
    score: Array


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
        self._release = start.release
        self._sensitive = frozenset(spec.name for spec in contract.inputs if spec.sensitive)
        self._key = start.host.log_key.encode()
        self._queue: deque[Entry] = deque()
        self._waiting = 0
        self._lock = threading.Lock()  # over the number of waiting rows
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
        id is always kept or never, on every worker."""
        context = current()
        if zlib.crc32(context.id.encode()) >= self._threshold:
            return
        rows = scored.batch.rows
        with self._lock:
            if self._waiting + rows > ROWS:
                room = False
            else:
                room = True
                self._waiting += rows
        if room:
            self._queue.append(Entry(context.id, time.time(), scored.batch.columns, scored.score))
        else:
            self._dropped.inc(rows)

    def close(self) -> None:
        """Write what is waiting, and end. Nobody waits for a disk that does not answer: what is
        in the queue is dropped then."""
        self._stop.set()
        if self._writing.acquire(timeout=FAREWELL):
            self._writing.release()
            self.flush()
            self._file.close()
        else:
            self._drop(self._waiting, "the disk does not answer")

    def _run(self) -> None:
        while not self._stop.wait(PAUSE):
            self.flush()

    def flush(self) -> None:
        """Write what is waiting."""
        with self._writing:
            while batch := self._next():
                self._write(batch)

    def _write(self, batch: Sequence[Entry]) -> None:
        rows = sum(len(entry.score) for entry in batch)
        with self._lock:
            self._waiting -= rows
        try:
            self._file.write(b"".join(map(self._line, batch)))
        except OSError as error:
            self._drop(rows, error.strerror)
        except Exception as fault:  # a bug costs these rows, and never the log
            self._drop(rows, type(fault).__name__, fault)
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

    def _next(self) -> list[Entry]:
        """Some of what is waiting. Not much at once: building lines holds requests up."""
        count = min(len(self._queue), BATCH)
        return [self._queue.popleft() for _ in range(count)]

    def _line(self, entry: Entry) -> bytes:
        line = {
            "release": self._release,
            "request_id": entry.id,
            "time": datetime.fromtimestamp(entry.time, UTC).isoformat(timespec="milliseconds"),
            "features": {
                name: self._values(name, column)
                for name, column in entry.columns.items()
                if name not in self._sensitive or self._key
            },
            "score": np.ascontiguousarray(entry.score),
        }
        option = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE
        return orjson.dumps(line, option=option)

    def _values(self, name: str, column: Array) -> Any:
        if name in self._sensitive:
            flat = column.reshape(len(column), -1).tolist()
            return [self._hidden(name, value) for value in flat]
        if column.dtype == np.object_:
            return column.tolist()
        return np.ascontiguousarray(column)

    def _hidden(self, name: str, value: list[Any]) -> str:
        """The same value of the same field gives the same 128 bits, for whoever has the key."""
        text = orjson.dumps([name, value])
        return hmac.new(self._key, text, "sha256").hexdigest()[:32]
