"""From the bytes of a request to the bytes of its answer; knows nothing of HTTP servers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson

from serving.contract import Contract
from serving.metrics import Meter
from serving.runtime import Model
from serving.validate import Array, InvalidRows, Problem, Validator

MAX_ROWS = 5_000
MAX_BYTES = 8 * 1024 * 1024
EXAMPLE_ROWS = 2
_OPTIONS = orjson.OPT_SERIALIZE_NUMPY


class Refusal(ValueError):  # noqa: N818 - an answer to a client, not a fault of the service
    """A request that cannot be answered, with its HTTP status."""

    def __init__(self, status: int, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.problems = tuple(problems)


def error_body(message: str, problems: Sequence[Problem] = ()) -> bytes:
    """The JSON of every error."""
    shown = [problem.to_json() for problem in problems]
    return orjson.dumps({"error": {"message": message, "problems": shown}})


class Predictor:
    """Answers requests with one model."""

    def __init__(self, model: Model, release: str, meter: Meter) -> None:
        self.model = model
        self.release = release
        self._validate = Validator(model.contract)
        self._decide = _Decider(model.contract)
        self._meter = meter

    def __call__(self, body: bytes) -> bytes:
        """Answer the JSON document `body`.

        Raises:
            Refusal: 400 or 422.
            ScoreError: a fault of the model.
        """
        answer = self.answer(_decode(body))
        self._meter.scored(len(answer["predictions"]), answer["ignored_fields"])
        return orjson.dumps(answer, option=_OPTIONS)

    def answer(self, document: dict[str, Any]) -> dict[str, Any]:
        """Answer a parsed document; predictions are still numpy arrays."""
        rows = _rows(document)
        try:
            batch = self._validate(rows)
        except InvalidRows as error:
            raise Refusal(422, str(error), error.problems) from error
        score = self.model.score(batch.columns)
        ignored = batch.ignored + len(document) - 1
        answer: dict[str, Any] = {"predictions": score}
        answer |= self._decide(score)
        answer |= {"release": self.release, "ignored_fields": ignored}
        return answer

    def example(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """A request that works, and its answer."""
        request = {"instances": [dict(row) for row in self.model.examples[:EXAMPLE_ROWS]]}
        answer = orjson.loads(orjson.dumps(self.answer(request), option=_OPTIONS))
        return request, answer

    def describe(self) -> dict[str, Any]:
        """What answers here: the body of /release."""
        contract = self.model.contract
        return {
            "release": self.release,
            "name": contract.name,
            "task": contract.task,
            "runtime": contract.runtime,
            "trained_until": contract.trained_until,
            "files": dict(self.model.files),
        }


class _Decider:
    """Scores → labels, by the threshold or by the greatest score."""

    def __init__(self, contract: Contract) -> None:
        self._task = contract.task
        self._classes = contract.classes or ()
        # float32, as the scores are: what a client sees as 0.3 meets a threshold of 0.3.
        threshold = 0.5 if contract.threshold is None else contract.threshold
        self._threshold = np.float32(threshold)

    def __call__(self, score: Array) -> dict[str, Any]:
        if self._task == "regression":
            return {}
        if self._task == "binary":
            chosen = (score >= self._threshold).tolist()
            return {"decisions": [self._classes[one] for one in chosen]}
        chosen = score.argmax(axis=1).tolist()
        return {"decisions": [self._classes[i] for i in chosen], "classes": list(self._classes)}


def _decode(body: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refusal(400, f"the body is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise Refusal(422, 'the body must be an object: {"instances": [{…}, …]}')
    return document


def _rows(document: dict[str, Any]) -> list[Any]:
    rows = document.get("instances")
    if not isinstance(rows, list):
        found = "something else" if "instances" in document else "none"
        raise Refusal(422, f'"instances" must be a list of rows, found {found}')
    if not 1 <= len(rows) <= MAX_ROWS:
        raise Refusal(422, f'"instances" has {len(rows)} rows, allowed are 1 to {MAX_ROWS}')
    return rows
