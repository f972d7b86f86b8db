"""The cache of scores: bounded, exact to the bit, and it changes no answer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serving.contract import Task
from serving.predict.cache import Cache
from serving.rows.column import Array
from tests.serving.conftest import client_of

ROW = {"distance": 800.0, "wind": None, "hour": 9, "weekend": False, "carrier": "UA"}
HIT = 'serving_cache_total{outcome="hit"'
MISS = 'serving_cache_total{outcome="miss"'


class Counting:
    """An engine that numbers its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, columns: Mapping[str, Array]) -> Array:
        self.calls += 1
        return np.full(len(next(iter(columns.values()))), self.calls, np.float32)


def asked(cache: Cache, *values: float, text: str = "a") -> float:
    columns = {"x": np.array(values, np.float32), "text": np.array([text] * len(values), object)}
    return float(cache(columns)[0])


def test_the_row_that_was_not_asked_for_longest_is_forgotten() -> None:
    engine = Counting()
    cache = Cache(engine, 2, "r")
    assert [asked(cache, x) for x in (1.0, 2.0, 1.0, 3.0, 1.0, 2.0)] == [1, 2, 1, 3, 1, 4]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((0.0, "a"), (-0.0, "a")),
        ((0.0, "a"), (float("nan"), "a")),
        ((1.0, "a"), (np.nextafter(np.float32(1), np.float32(2)), "a")),
        ((1.0, "a"), (1.0, "")),
        ((1.0, "a"), (1.0, "a ")),
    ],
)
def test_what_differs_in_a_bit_is_another_row(one: Any, other: Any) -> None:
    cache = Cache(Counting(), 10, "r")
    first, second = (asked(cache, value, text=text) for value, text in (one, other))
    assert first != second
    assert asked(cache, one[0], text=one[1]) == first


def test_several_rows_are_not_looked_up() -> None:
    engine = Counting()
    cache = Cache(engine, 10, "r")
    for _ in range(2):
        asked(cache, 1.0, 2.0)
    assert engine.calls == 2


def test_answers_are_the_same_with_and_without_and_hits_are_counted(
    models: dict[Task, Path],
) -> None:
    plain, caching = (
        client_of(models["multiclass"], **settings) for settings in ({}, {"cache": {"entries": 5}})
    )

    def counted(name: str) -> float:
        lines = caching.get("/metrics").text.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))

    before = counted(HIT), counted(MISS)
    rows = [ROW, ROW, ROW | {"wind": 0.0}, ROW | {"wind": -0.0}, ROW, ROW | {"wind": None}]
    for row in rows:
        body = {"instances": [row]}
        assert (
            caching.post("/predict", json=body).content == plain.post("/predict", json=body).content
        )
    assert (counted(HIT) - before[0], counted(MISS) - before[1]) == (3, 3)
