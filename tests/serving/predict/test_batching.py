"""Concurrent requests are scored together, and none feels the others."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import httpx
import numpy as np
import pytest

from serving.contract import Task
from serving.errors import ScoreError
from serving.guard.guard import Guard
from serving.http.app import Service
from serving.predict.batching import Batcher
from serving.rows.column import Array
from serving.settings.policy import Batching
from serving.settings.service import ServingSettings, Start
from tests.serving.conftest import LOCALLY, client_of
from tests.serving.tiny import tiny_frame, tiny_instances


class Model:
    """Scores x as x, remembers how many rows came at once, and cannot do with 13."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def __call__(self, columns: Mapping[str, Array]) -> Array:
        self.batches.append(len(columns["x"]))
        if (columns["x"] == 13).any():
            raise ScoreError("thirteen")
        return columns["x"]


def batcher(model: Model, rows: int = 8, wait_ms: float = 0.0) -> Batcher:
    return Batcher(model, Batching(max_rows=rows, wait_ms=wait_ms), "r")


def columns(*values: float) -> Mapping[str, Array]:
    return {"x": np.array(values, np.float32)}


async def ask(batcher: Batcher, *requests: tuple[float, ...]) -> list[object]:
    waiting = [batcher(columns(*values), len(values)) for values in requests]
    found = await asyncio.gather(*waiting, return_exceptions=True)
    return [one.tolist() if isinstance(one, np.ndarray) else one for one in found]


def test_what_waits_is_scored_together_and_each_gets_its_own() -> None:
    model = Model()
    assert asyncio.run(ask(batcher(model), (1,), (2, 3), (4,))) == [[1], [2, 3], [4]]
    assert model.batches == [4]


@pytest.mark.parametrize(
    ("sizes", "batches"), [([4, 4], [8]), ([4, 5], [4, 5]), ([8, 1], [8, 1]), ([1] * 9, [8, 1])]
)
def test_a_batch_has_at_most_so_many_rows(sizes: list[int], batches: list[int]) -> None:
    model = Model()
    requests = [tuple(float(i) for i in range(size)) for size in sizes]
    assert asyncio.run(ask(batcher(model), *requests)) == [list(r) for r in requests]
    assert model.batches == batches


def test_a_row_that_cannot_be_scored_poisons_no_other() -> None:
    model = Model()
    first, second, third = asyncio.run(ask(batcher(model), (1,), (13,), (3,)))
    assert (first, third) == ([1], [3])
    assert isinstance(second, ScoreError)


def test_a_request_that_gave_up_is_not_scored() -> None:
    model = Model()

    async def give_up() -> object:
        joined = batcher(model)
        late = asyncio.create_task(joined(columns(1), 1))
        await asyncio.sleep(0)
        late.cancel()
        return await ask(joined, (2,))

    assert asyncio.run(give_up()) == [[2]]
    assert model.batches == [1]


def test_a_batch_that_is_full_does_not_wait() -> None:
    """With an hour to wait only a full batch can be answered in the time of a test."""
    model = Model()
    full = batcher(model, rows=2, wait_ms=1000)
    assert asyncio.run(ask(full, (1,), (2,), (3,), (4,)))[:2] == [[1], [2]]
    assert model.batches[0] == 2


def test_requests_over_http_are_joined_and_get_the_answers_they_get_alone(
    models: dict[Task, Path],
) -> None:
    rows = tiny_instances(tiny_frame(40, seed=3))
    alone = client_of(models["multiclass"])
    expected = [alone.post("/predict", json={"instances": [row]}).content for row in rows]
    settings = ServingSettings(batching=Batching(max_rows=64))
    start = Start("r-0123456789ab", settings, host=LOCALLY)
    service = Service(models["multiclass"], start)
    service.load()
    guarded = Guard(service.app, start=start, shape=service.error)

    async def together() -> tuple[list[bytes], str]:
        transport = httpx.ASGITransport(guarded)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            posts = [client.post("/predict", json={"instances": [row]}) for row in rows]
            answers = [answer.content for answer in await asyncio.gather(*posts)]
            return answers, (await client.get("/metrics")).text

    answers, metrics = asyncio.run(together())
    assert answers == expected
    batched = [line for line in metrics.splitlines() if line.startswith("serving_batch")]
    counts = {line.partition("{")[0]: float(line.split()[-1]) for line in batched if "r-0" in line}
    assert counts["serving_batched_rows_total"] == 40
    assert counts["serving_batches_total"] < 20
