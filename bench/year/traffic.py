"""The requests and labels of the replay, over HTTP, and the prediction log with the clock of 2013.

A request asks about all flights of one scheduled hour, and its id is that hour: 2013-05-02T06. The
service writes down when it was really asked; `put_back` writes the hour in its place, so that the
monitor sees the days of 2013, and `put_labels_back` does the same of labels.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import orjson
import pandas as pd

from bench.year.calendar import DELAY
from delivery.files import write_whole

TIMEOUT = 30.0  # s
JSON = {"Content-Type": "application/json"}
HOUR = "%Y-%m-%dT%H"


@dataclass(frozen=True)
class Request:
    """All flights of an hour: what is asked, and what turns out."""

    id: str
    day: pd.Timestamp
    instances: Sequence[dict[Any, Any]]
    truth: Sequence[bool]


def requests(rows: pd.DataFrame, features: Sequence[str]) -> Iterator[Request]:
    """The requests of `rows`, which are in the order of time."""
    for hour, part in rows.groupby(rows["scheduled"].dt.floor("h"), sort=True):
        assert isinstance(hour, pd.Timestamp)
        table = part[list(features)].astype(object)
        instances = table.where(part[list(features)].notna(), None).to_dict("records")
        truth = [bool(value) for value in part["late"]]
        yield Request(hour.strftime(HOUR), hour.normalize(), instances, truth)


class Client:
    """One connection to an environment. Nothing is sent twice: what is not answered with 200 is
    lost."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        assert address.hostname
        self._connection = http.client.HTTPConnection(
            address.hostname, address.port, timeout=TIMEOUT
        )
        self.lost = 0

    def predict(self, request: Request) -> None:
        self._post("/predict", {"instances": request.instances}, {"X-Request-ID": request.id})

    def feedback(self, known: Sequence[Request]) -> None:
        items = [{"request_id": request.id, "truth": request.truth} for request in known]
        self._post("/feedback", {"feedback": items}, {})

    def _post(self, path: str, document: Any, headers: dict[str, str]) -> None:
        try:
            self._connection.request("POST", path, orjson.dumps(document), JSON | headers)
            answer = self._connection.getresponse()
            answer.read()
            self.lost += answer.status != http.client.OK
        except (OSError, http.client.HTTPException):
            self._connection.close()  # the next request opens a new one
            self.lost += 1

    def close(self) -> None:
        self._connection.close()


def put_back(predictions: Path, ids: set[str], out: Path) -> int:
    """Write the lines of `predictions` whose id is one of `ids` into `out`, each once, at the hour
    that their id says; how many there are."""
    found: dict[str, bytes] = {}
    for file in sorted(predictions.glob("predictions-*.jsonl*")):
        for text in file.read_bytes().splitlines():
            line = orjson.loads(text)
            identity = line["request_id"]
            if identity in ids:
                line["time"] = f"{identity}:00:00+00:00"
                found.setdefault(identity, orjson.dumps(line))
    write_whole(out, b"".join(found[key] + b"\n" for key in sorted(found)).decode())
    return len(found)


def put_labels_back(predictions: Path, out: Path) -> None:
    """The same of all labels: they came a day after the day of the flight."""
    lines = []
    for file in sorted(predictions.glob("feedback.jsonl*")):
        for text in file.read_bytes().splitlines():
            line = orjson.loads(text)
            came = pd.Timestamp(line["request_id"][:10]) + pd.Timedelta(days=1) + DELAY
            lines.append(orjson.dumps(line | {"time": f"{came.isoformat()}+00:00"}) + b"\n")
    write_whole(out, b"".join(lines).decode())


def answers(log: Path, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Who answered each row and what, in the order of `rows`; "" and NaN where nobody did."""
    hours = rows["scheduled"].dt.strftime(HOUR).to_numpy()
    release, scores = np.full(len(rows), "", object), np.full(len(rows), np.nan)
    places = pd.Series(np.arange(len(rows))).groupby(hours).indices
    for file in sorted(log.glob("predictions-*.jsonl")):
        for text in file.read_bytes().splitlines():
            line = orjson.loads(text)
            at = places[line["request_id"]]
            release[at], scores[at] = line["release"], line["score"]
    return release, scores
