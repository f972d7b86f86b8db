"""Scores of rows by a bento, over HTTP: the way that clients will get them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import orjson

from delivery.errors import HeldError, TargetError
from delivery.gates.numbers.bootstrap import Floats
from serving.contract import OWN
from serving.examples import Example
from serving.examples import read_examples as examples_of
from serving.strict import DocumentError

BATCH = 1_000  # rows a request
TIMEOUT = 60.0  # seconds a request
BY_DELIVERY = {"X-Request-ID": f"{OWN}gate"}
JSON = {"Content-Type": "application/json", **BY_DELIVERY}


def read_examples(model: Path) -> tuple[Example, ...]:
    """The examples in the model folder; HeldError names the line that cannot be read."""
    try:
        return examples_of(model)
    except DocumentError as error:
        raise HeldError(f"{model}: {error}") from error


def score_rows(url: str, rows: Sequence[dict[str, Any]], *, name: str = "row") -> Floats:
    """Ask the service at `url` for the scores of `rows`: [rows] or [rows, classes], float64.

    An answer that is null or not a number becomes NaN: that is evidence, not an error.

    Raises:
        HeldError: the service refuses a row; names row, field, value and what is allowed.
        TargetError: the service fails, or does not answer what was asked.
    """
    answers: list[Any] = []
    with httpx.Client(base_url=url, timeout=TIMEOUT, trust_env=False) as client:
        for start in range(0, len(rows), BATCH):
            answers += _ask(client, rows[start : start + BATCH], start, name)
    try:
        return np.array(answers, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TargetError(f"{url}/predict answered with unequal rows: {error}") from error


def _ask(client: httpx.Client, rows: Sequence[dict[str, Any]], start: int, name: str) -> list[Any]:
    body = orjson.dumps({"instances": list(rows)})
    try:
        answer = client.post("/predict", content=body, headers=JSON)
    except httpx.HTTPError as error:
        raise TargetError(f"{client.base_url} does not answer: {error!r}") from error
    if 400 <= answer.status_code < 500:
        raise HeldError(_refusal(answer, start, name))
    if answer.status_code != 200:
        raise TargetError(f"{client.base_url} answered {answer.status_code}: {answer.text[:300]}")
    predictions = orjson.loads(answer.content).get("predictions")
    if not isinstance(predictions, list) or len(predictions) != len(rows):
        raise TargetError(f"{client.base_url} did not answer {len(rows)} rows one by one")
    return predictions


def _refusal(answer: httpx.Response, start: int, name: str) -> str:
    """The first problem that the service names, with the row counted from the first row sent."""
    try:
        error = orjson.loads(answer.content)["error"]
        problem = error["problems"][0]
        return (
            f"the model refuses {name} {start + problem['row'] + 1}: field {problem['field']} is "
            f"{problem['value']}, expected {problem['expected']}"
        )
    except (orjson.JSONDecodeError, KeyError, IndexError, TypeError):
        return f"the model refuses a {name}: {answer.status_code} {answer.text[:300]}"
