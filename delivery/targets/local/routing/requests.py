"""The records of the requests of one attempt, as samples.

A line is incomplete while Traefik writes it, and torn where a disk was full. What is torn, cut off
or gone is counted: no missing record is a success.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from delivery.gates.rollout.observations.samples import Flags, Samples
from delivery.gates.rollout.observations.served import Served, digest
from delivery.targets.local.routing.records import Records
from delivery.targets.split import Split, slots_of

STEP, SLOT, ENTITY = "X-Delivery-Step", "X-Delivery-Slot", "X-Delivery-Entity"
IDENTITY = "X-Request-Id"  # by which feedback names a request; in the answer of every release
FIELDS = (
    "StartUTC", "Duration", "DownstreamStatus", "RequestMethod", "RequestPath", "ServiceName",
)  # fmt: skip
REFUSED = {400, 415, 422}  # a candidate that takes nobody's rows fails by these alone
ERROR = 500
NANOSECOND = 1e-9
COLUMNS = np.dtype(
    [("at", "f8"), ("step", "i8"), ("candidate", "?"), ("share", "f8"), ("entity", "U16"),
     ("cause", "U3"), ("seconds", "f8"), ("owns", "?"), ("request", "u8")]
)  # fmt: skip
APART = ("owns", "request")  # columns that are no part of a sample
Row = tuple[float, int, bool, float, str, str, float, bool, int]


class Requests:
    """Those of the attempt of `split`, in all its steps; read as they come."""

    def __init__(self, records: Records, split: Split) -> None:
        self._records, self._split = records, split
        self._read: dict[int, int] = {}  # inode → how much of it, in bytes
        self._table = np.empty(0, COLUMNS)

    def samples(self) -> Samples:
        """All so far, but for what nobody watched."""
        watched = self._watched()
        columns = {name: watched[name] for name in COLUMNS.names or () if name not in APART}
        rows_of = np.zeros(len(watched), np.int64)
        return Samples(**columns, rows=rows_of, lost=int(self._records.lost))

    def served(self) -> Served:
        """Who got an answer from whom, of the same requests."""
        watched = self._watched()
        return Served(watched["at"], watched["candidate"], watched["entity"], watched["request"])

    def _watched(self) -> NDArray[Any]:
        rows = [row for line in self._lines() if (row := self._row(line))]
        if rows:
            table = np.concatenate([self._table, np.array(rows, COLUMNS)])
            self._table = table[np.argsort(table["at"], kind="stable")]
        return np.asarray(self._table[~unwatched(self._table)])

    def _lines(self) -> Iterator[bytes]:
        """The whole lines that were added since."""
        if not self._records.file.exists():
            self._records.miss()
        for file in self._records.files():
            if file.exists():
                yield from self._added(file)

    def _added(self, path: Path) -> Iterator[bytes]:
        with path.open("rb") as file:
            inode = path.stat().st_ino
            begin, size = self._read.get(inode, 0), path.stat().st_size
            if size < begin:
                self._records.miss()  # somebody cut it off
                begin = size
            file.seek(begin)
            added = file.read(size - begin)
        whole = added.rfind(b"\n") + 1
        self._read[inode] = begin + whole
        yield from added[:whole].splitlines()

    def _row(self, line: bytes) -> Row | None:
        """None for what is no prediction of this attempt, and for what cannot be read."""
        try:
            record = json.loads(line)
            attempt, step, share = record[f"request_{STEP}"].split(".")
            if attempt != self._split.attempt[:12] or not _predicts(record):
                return None
            slot = int(record[f"request_{SLOT}"])
            owns = slot in slots_of(self._split.attempt, int(share))
            seconds = record["Duration"] * NANOSECOND
            return (
                _moment(record["StartUTC"]) + seconds,
                int(step),
                self._by_candidate(record.get("ServiceName"), owns=owns),
                int(share) / 100,
                record[f"request_{ENTITY}"],
                _cause(record["DownstreamStatus"]),
                seconds,
                owns,
                digest(str(record.get(f"downstream_{IDENTITY}", ""))),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            self._records.miss()
            return None

    def _by_candidate(self, service: str | None, *, owns: bool) -> bool:
        """Did the candidate answer? Where nobody did, it should have if its clients asked."""
        release = (service or "").removesuffix("@file")
        return release == self._split.candidate if release in self._split.weights else owns


def unwatched(table: NDArray[Any]) -> Flags:
    """Which requests came while the lease had ended, so that the champion answered the candidate's
    clients: those, and all that lie between two of them without one that the candidate answered."""
    diverted = np.asarray(table["owns"] & ~table["candidate"])
    order = diverted[table["owns"]]  # the candidate's clients alone
    around = np.concatenate([order[:1], order, order[-1:]])
    before = np.cumsum(table["owns"])  # how many of them came up to each request
    if not len(order):
        return diverted  # none is
    return np.asarray(diverted | (~table["owns"] & around[before] & around[before + 1]))


def _predicts(record: Mapping[str, Any]) -> bool:
    return record["RequestMethod"] == "POST" and not record["RequestPath"].endswith("/feedback")


def _cause(status: int) -> str:
    return str(status) if status >= ERROR or status in REFUSED else ""


def _moment(utc: str) -> float:
    """Traefik writes nanoseconds, and leaves out zeros at the end."""
    whole, _, fraction = utc.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{whole}+00:00").timestamp() + float(f"0.{fraction or 0}")
