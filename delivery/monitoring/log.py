"""The prediction log and the feedback of an environment, read as columns: docs/serving.md has
their format.

A line that cannot be read is counted and left out: the newest one may be half written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from delivery.bento.client import OWN
from delivery.errors import InputError
from delivery.monitoring.judges.rows import Rows
from serving.contract import Contract, Input

PREDICTIONS, FEEDBACK = "predictions-*.jsonl*", "feedback.jsonl*"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a folder holds; `skipped` lines could not be read."""

    rows: Rows
    skipped: int


def read(folder: Path, contract: Contract, since: float) -> Reading:
    """All predictions from `since` on, in s since 1970, with the labels that came.

    Raises:
        InputError: there is no such folder.
    """
    if not folder.is_dir():
        raise InputError(
            f"{folder} is not there, so nothing is known of what was answered. Instances write "
            "there if SERVING_LOG_FOLDER names it; `--log FOLDER` names another one."
        )
    counter = _Counter()
    truths: dict[str, Any] = {}
    for line in counter.lines(folder, FEEDBACK):
        truths.setdefault(str(line.get("request_id")), line.get("truth"))
    columns = _Columns(contract, since)
    for line in counter.lines(folder, PREDICTIONS):
        try:
            columns.add(line, truths)
        except (KeyError, ValueError, TypeError, IndexError):
            counter.skipped += 1
    return Reading(columns.rows(), counter.skipped)


class _Counter:
    """Lines of files as objects, and how many were none."""

    skipped = 0

    def lines(self, folder: Path, pattern: str) -> Iterator[Mapping[str, Any]]:
        for file in sorted(folder.glob(pattern)):
            with file.open("rb") as content:
                for line in content:
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
        self._times: list[float] = []
        self._releases: list[str] = []
        self._scores: list[Any] = []
        self._labels: list[float] = []
        self._inputs: dict[str, list[Any]] = {spec.name: [] for spec in contract.inputs}

    def add(self, line: Mapping[str, Any], truths: Mapping[str, Any]) -> None:
        """Take a request in as a whole, or raise and take nothing."""
        time, identity = datetime.fromisoformat(line["time"]).timestamp(), line["request_id"]
        if time < self._since or identity.startswith(OWN):
            return
        scores, features, release = list(line["score"]), line["features"], str(line["release"])
        count = len(scores)
        labels = self._truths(truths.get(identity), count)
        columns = {name: features.get(name, [None] * count) for name in self._inputs}
        if any(len(values) != count for values in columns.values()):
            raise ValueError("a column has other rows than the scores")
        for name, values in columns.items():
            self._inputs[name] += values
        self._times += [time] * count
        self._releases += [release] * count
        self._scores += scores
        self._labels += labels

    def _truths(self, truth: Any, count: int) -> Sequence[float]:
        """The labels of a request, NaN where there are none, or not one for each row."""
        values = truth if isinstance(truth, list) else [truth]
        if truth is None or len(values) != count:
            return [np.nan] * count
        if self._contract.classes is None:
            return [float(value) for value in values]
        return [float(self._classes[value]) for value in values]

    def rows(self) -> Rows:
        time = np.array(self._times, np.float64)
        order = np.argsort(time, kind="stable")
        scores = np.array(self._scores, np.float64)
        inputs = {
            spec.name: _column(spec, self._inputs[spec.name])[order]
            for spec in self._contract.inputs
            if not spec.shape and not (spec.sensitive and spec.dtype not in ("string", "bytes"))
        }
        return Rows(
            time[order], np.array(self._releases, np.object_)[order], scores[order], inputs,
            np.array(self._labels, np.float64)[order],
        )  # fmt: skip


def _column(spec: Input, values: Sequence[Any]) -> NDArray[Any]:
    if spec.dtype in ("float32", "float64", "int64"):
        return np.array([np.nan if value is None else value for value in values], np.float64)
    column = np.empty(len(values), np.object_)
    column[:] = values
    return column
