"""Ask a candidate what its champion was asked, a request at a time."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import orjson

from delivery.bento.client import JSON
from delivery.evidence.rollout.answers import Answered
from delivery.gates.rollout.observations.pairs import Compared
from serving.contract import OWN

HEADERS = JSON | {"X-Request-ID": f"{OWN}shadow"}
LATER = (429, 503)  # it says that it has too much to do
TIMEOUT = 10.0  # s: what takes longer is a failure, as clients see it
SHOWN = 200  # characters of an answer


def replayed(
    client: httpx.Client, url: str, item: Answered, segments: Sequence[str] = ()
) -> Compared | None:
    """Both answers to `item`, the candidate being at `url`; None where it asks to come again
    later."""
    begun, body = time.monotonic(), _body(item.features)
    try:
        answer = client.post(f"{url}/predict", content=body, headers=HEADERS, timeout=TIMEOUT)
    except httpx.HTTPError as error:
        return compared(item, None, segments, why=f"it does not answer: {error!r}")
    seconds = time.monotonic() - begun
    if answer.status_code in LATER:
        return None
    scores, why = _scores(answer, len(item.score))
    return compared(item, scores, segments, seconds=seconds, why=why)


def compared(
    item: Answered, scores: Sequence[Any] | None, segments: Sequence[str], **more: Any
) -> Compared:
    """`item` beside what the candidate answered; None for a failure."""
    values = {name: item.features[name] for name in segments if name in item.features}
    more |= {"segments": values, "request": item.request}
    return Compared(item.key, item.at, item.score, scores, **more)


def _body(features: Mapping[str, Sequence[Any]]) -> bytes:
    """The rows of a request whose inputs were written down by column."""
    rows = zip(*features.values(), strict=True)
    return orjson.dumps({"instances": [dict(zip(features, row, strict=True)) for row in rows]})


def _scores(answer: httpx.Response, rows: int) -> tuple[Sequence[Any] | None, str]:
    """[rows] or [rows, classes] of finite numbers; or None, and why."""
    if answer.status_code != httpx.codes.OK:
        return None, f"{answer.status_code} {answer.text[:SHOWN]}"
    try:
        scores = orjson.loads(answer.content)["predictions"]
        flat = [value for row in scores for value in (row if isinstance(row, list) else [row])]
        if len(scores) == rows and all(math.isfinite(value) for value in flat):
            return scores, ""
    except (ValueError, KeyError, TypeError):
        pass
    return None, f"it did not answer {rows} rows with numbers: {answer.text[:SHOWN]}"
