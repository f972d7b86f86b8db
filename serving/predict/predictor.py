"""Validate and score: what every protocol does between decoding and encoding."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from serving.contract import Contract
from serving.errors import InvalidRows, Refusal
from serving.explain.explainer import Explained
from serving.predict.batching import Batcher
from serving.predict.cache import Cache
from serving.predict.loaded_model import LoadedModel
from serving.rows.batch import Batch
from serving.rows.column import Array, Values
from serving.rows.decoder import Decoder
from serving.rows.validate import Validator
from serving.settings.service import Start


@dataclass(slots=True)
class Query:
    """What a protocol understood of a request: either rows, a list of JSON objects, or columns,
    input → `count` values, or a batch that needs no more validation. `ignored` are unknown fields
    outside of these; `echo` is what the protocol wants to remember for its answer."""

    count: int
    rows: list[Any] | None = None
    columns: Mapping[str, Values] | None = None
    ignored: int = 0
    echo: Any = None
    batch: Batch | None = None


@dataclass(slots=True)
class Scored:
    """Scores as the model gave them, float32: [rows], or [rows, classes]; and the columns that
    they were computed from. `ignored` are the values of unknown fields. `body` are the rows as they
    were sent, for whoever has to know them again."""

    score: Array
    batch: Batch
    ignored: int
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Explanations:
    """The rows of a request explained, a few in each part; `ignored` as in Scored."""

    parts: Sequence[Explained]
    rows: int
    ignored: int


class Predictor:
    """Answers queries with one model."""

    def __init__(self, model: LoadedModel, start: Start) -> None:
        settings, self.release = start.settings, start.release
        if settings.cache.entries:
            engine = Cache(model.engine, settings.cache.entries, start.release)
            model = replace(model, engine=engine)
        self.model = model
        self.decide = Decider(model.contract)
        limits = settings.limits
        self._validate = Validator(model.contract, text_length=limits.text_length)
        self._decode = Decoder(
            model.contract,
            most=limits.rows,
            text_length=limits.text_length,
            vectors=model.vectors,
        )
        self._most = limits.rows
        self._most_explained = limits.explain_rows
        self._batcher = None
        if settings.batching.max_rows:
            self._batcher = Batcher(model.score, settings.batching, start.release)

    @property
    def joins(self) -> bool:
        """Whether `answer` joins requests; if not, calling the predictor does the same for less."""
        return self._batcher is not None

    @property
    def contract(self) -> Contract:
        return self.model.contract

    def decode(self, body: bytes, key: str, echo: Any = None) -> Query | None:
        """The query of a body {key: rows}; None where a protocol has to look closer."""
        batch = self._decode(body, key)
        return None if batch is None else Query(batch.rows, echo=echo, batch=batch)

    def __call__(self, query: Query) -> Scored:
        """Validate and score.

        Raises:
            Refusal: 422: too many rows, or a value that the contract does not allow.
            ScoreError: a fault of the model.
        """
        batch = self._batch(query, self._most)
        return Scored(self.model.score(batch.columns), batch, batch.ignored + query.ignored)

    async def answer(self, query: Query) -> Scored:
        """The same, joined with other requests where the settings say so."""
        if self._batcher is None:
            return self(query)
        batch = self._batch(query, self._most)
        score = await self._batcher(batch.columns, batch.rows)
        return Scored(score, batch, batch.ignored + query.ignored)

    async def explain(self, query: Query) -> Explanations:
        """Validate, score and explain. Others are answered in between.

        Raises:
            Refusal: as above, and 404 if this release cannot explain.
            ScoreError: a fault of the model or its explainer.
        """
        if self.model.explainer is None:
            raise Refusal(404, "this release cannot explain: it was exported without an explainer")
        batch = self._batch(query, self._most_explained)
        parts = []
        for part in self.model.explain(batch.columns):
            parts.append(part)
            await asyncio.sleep(0)
        return Explanations(parts, batch.rows, batch.ignored + query.ignored)

    def _batch(self, query: Query, most: int) -> Batch:
        if query.batch is not None:
            return query.batch
        if not 1 <= query.count <= most:
            raise Refusal(422, f"the request has {query.count} rows, allowed are 1 to {most}")
        try:
            if query.rows is not None:
                return self._validate(query.rows)
            return self._validate.columns(query.columns or {}, query.count)
        except InvalidRows as error:
            raise Refusal(422, str(error), error.problems) from error

    def describe(self) -> dict[str, Any]:
        """What answers here: the body of /release."""
        contract = self.contract
        return {
            "release": self.release,
            "name": contract.name,
            "task": contract.task,
            "runtime": contract.runtime,
            "trained_until": contract.trained_until,
            "explained_by": self.model.explainer and self.model.explainer.how.method,
            "quantization": contract.quantization and contract.quantization.model_dump(),
            "providers": self.model.providers,
            "files": dict(self.model.files),
        }


class Decider:
    """Scores → labels, by the threshold or by the greatest score; none for a regression."""

    def __init__(self, contract: Contract) -> None:
        self._task = contract.task
        self._classes = contract.classes or ()
        # float32, as the scores are: what a client sees as 0.3 meets a threshold of 0.3.
        threshold = 0.5 if contract.threshold is None else contract.threshold
        self._threshold = np.float32(threshold)

    def __call__(self, score: Array) -> list[str] | None:
        if self._task == "regression":
            return None
        if self._task == "binary":
            return [self._classes[above] for above in (score >= self._threshold).tolist()]
        return [self._classes[i] for i in score.argmax(axis=1).tolist()]
