"""The prediction log and the feedback of an environment, read as columns: docs/serving.md has
their format.

A line that cannot be read is counted and left out: the newest one may be half written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from delivery.errors import InputError
from delivery.gates.numbers.bootstrap import Floats
from delivery.monitoring.judges.rows import Rows
from delivery.predictions.address import place_of
from serving.contract import OWN, Contract, Input
from serving.segments.folder import FEEDBACK, PREDICTIONS

STEP = 20_000  # requests whose values are lists at once


@dataclass(frozen=True, slots=True)
class Reading:
    """What a place holds; `skipped` lines could not be read. `delays` are the seconds from each
    request to its label, [labelled requests]."""

    rows: Rows
    skipped: int
    delays: Floats


def read(address: str, contract: Contract, since: float, told: Iterable[bytes] = ()) -> Reading:
    """All predictions from `since` on, in s since 1970, of a log folder or a store, with the labels
    that came there. Where none came, those of `told` count: lines as feedback has them.

    Raises:
        InputError: there is no such folder.
        StoreError: the store does not answer, or holds something broken.
    """
    if "://" not in address and not Path(address).is_dir():
        raise InputError(
            f"{address} is not there, so nothing is known of what was answered. Instances write "
            "there if SERVING_LOG_FOLDER names it; `--log ADDRESS` names another place."
        )
    place, day = place_of(address), datetime.fromtimestamp(since, UTC).date()
    counter = _Counter()
    # What came first counts, whatever the order of the segments.
    truths = _earliest(counter.items(told)) | _earliest(counter.items(place.lines(FEEDBACK, day)))
    columns = _Columns(contract, since)
    for line in counter.items(place.lines(PREDICTIONS, day)):
        try:
            columns.add(line, truths)
        except (KeyError, ValueError, TypeError, IndexError):
            counter.skipped += 1
    return Reading(columns.rows(), counter.skipped, np.array(columns.delays))


def _earliest(lines: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The first line about each request."""
    found: dict[str, Mapping[str, Any]] = {}
    for line in lines:
        known = found.setdefault(str(line.get("request_id")), line)
        if str(line.get("time")) < str(known.get("time")):
            found[str(line.get("request_id"))] = line
    return found


class _Counter:
    """Lines as objects, and how many were none."""

    skipped = 0

    def items(self, lines: Iterable[bytes]) -> Iterator[Mapping[str, Any]]:
        for line in lines:
            try:
                item = orjson.loads(line)
            except orjson.JSONDecodeError:
                item = None
            if isinstance(item, dict):
                yield item
            else:
                self.skipped += 1


class _Columns:
    """Requests, turned into columns of rows."""

    def __init__(self, contract: Contract, since: float) -> None:
        self._contract = contract
        self._since = since
        self._classes = {name: number for number, name in enumerate(contract.classes or ())}
        self.delays: list[float] = []
        self._parts: list[Rows] = []
        self._texts: dict[Any, Any] = {}  # each category once, however many rows have it
        self._clear()

    def _clear(self) -> None:
        self._times: list[float] = []
        self._releases: list[str] = []
        self._scores: list[Any] = []
        self._labels: list[float] = []
        self._inputs: dict[str, list[Any]] = {spec.name: [] for spec in self._contract.inputs}

    def add(self, line: Mapping[str, Any], truths: Mapping[str, Mapping[str, Any]]) -> None:
        """Take a request in as a whole, or raise and take nothing."""
        time, identity = datetime.fromisoformat(line["time"]).timestamp(), line["request_id"]
        if time < self._since or identity.startswith(OWN):
            return
        scores, features, release = list(line["score"]), line["features"], str(line["release"])
        count = len(scores)
        truth = truths.get(identity, {})
        labels = self._truths(truth.get("truth"), count)
        columns = {name: features.get(name, [None] * count) for name in self._inputs}
        if any(len(values) != count for values in columns.values()):
            raise ValueError("a column has other rows than the scores")
        for name, values in columns.items():
            self._inputs[name] += values
        self._times += [time] * count
        self._releases += [release] * count
        self._scores += scores
        self._labels += labels
        if not np.isnan(labels[0]) and "time" in truth:
            self.delays.append(datetime.fromisoformat(truth["time"]).timestamp() - time)
        if len(self._times) >= STEP:
            self._pack()

    def _truths(self, truth: Any, count: int) -> Sequence[float]:
        """The labels of a request, NaN where there are none, or not one for each row."""
        values = truth if isinstance(truth, list) else [truth]
        if truth is None or len(values) != count:
            return [np.nan] * count
        if self._contract.classes is None:
            return [float(value) for value in values]
        return [float(self._classes.get(value, np.nan)) for value in values]

    def _pack(self) -> None:
        """Make arrays of what came: a list of numbers takes four times the memory."""
        inputs = {
            spec.name: self._column(spec, self._inputs[spec.name])
            for spec in self._contract.inputs
            if not spec.shape and not (spec.sensitive and spec.dtype not in ("string", "bytes"))
        }
        releases = [self._texts.setdefault(each, each) for each in self._releases]
        self._parts.append(
            Rows(
                np.array(self._times, np.float64), np.array(releases, np.object_),
                np.array(self._scores, np.float64), inputs, np.array(self._labels, np.float64),
            )
        )  # fmt: skip
        self._clear()

    def rows(self) -> Rows:
        """All that came, in the order of time."""
        if self._times or not self._parts:
            self._pack()
        parts = self._parts
        joined = Rows(
            np.concatenate([part.time for part in parts]),
            np.concatenate([part.release for part in parts]),
            np.concatenate([part.scores for part in parts]),
            {
                name: np.concatenate([part.inputs[name] for part in parts])
                for name in parts[0].inputs
            },
            np.concatenate([part.labels for part in parts]),
        )
        return joined.where(np.argsort(joined.time, kind="stable"))  # type: ignore[arg-type]

    def _column(self, spec: Input, values: Sequence[Any]) -> NDArray[Any]:
        if spec.dtype in ("float32", "float64", "int64"):
            return np.array([np.nan if value is None else value for value in values], np.float64)
        column = np.empty(len(values), np.object_)
        column[:] = [self._texts.setdefault(value, value) for value in values]
        return column
