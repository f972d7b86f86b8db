"""What is counted about inputs and scores: against numpy, and as a scraper would read it."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path

import numpy as np
import pytest
from prometheus_client import REGISTRY

from serving.contract import Histogram, Task
from serving.telemetry.drift.bins import MISSING, OTHER, UNSEEN
from serving.telemetry.drift.counters import ROWS
from tests.serving.telemetry.counted import ROW, SCORES, Counted, value
from tests.serving.tiny import WIND_HISTOGRAM, tiny_frame, tiny_instances

NUMBERS = Histogram(edges=(0.0, 5.0, 10.0, 40.0), counts=(300, 400, 250), missing=50)


def test_inputs_and_scores_are_counted_by_bin(counted: Counted) -> None:
    rows = tiny_instances(tiny_frame(300, seed=4))
    scores = [counted.ask([row]).score[0] for row in rows]
    counted.counters.count()
    winds = [math.nan if row["wind"] is None else row["wind"] for row in rows]
    known = [wind for wind in winds if wind == wind]
    expected, _ = np.histogram(np.clip(known, 0, 40), np.array(WIND_HISTOGRAM.edges))
    assert [counted.inputs("wind", str(i)) for i in range(3)] == expected.tolist()
    assert counted.inputs("wind", MISSING) == len(rows) - len(known)
    carriers = [row["carrier"] for row in rows]
    assert counted.inputs("carrier", "AA") == carriers.count("AA")
    assert counted.inputs("carrier", OTHER) == carriers.count("DL")
    assert counted.inputs("weekend", "true") == sum(row["weekend"] for row in rows)
    assert counted.inputs("distance", "0") == 0, "without a histogram there are no bins"
    expected, _ = np.histogram(scores, np.array(SCORES.edges))
    found = [
        value("serving_score_bin_total", bin=str(i), release=counted.release) for i in range(3)
    ]
    assert found == expected.tolist()


def test_the_reference_stands_beside_the_counts(counted: Counted) -> None:
    labels = {"feature": "wind", "release": counted.release}
    shares = [
        value("serving_input_reference_share", bin=name, **labels) for name in ("0", "1", MISSING)
    ]
    assert shares == [0.3, 0.4, 0.05]
    assert value("serving_score_reference_share", bin="1", release=counted.release) == 0.4


def test_unseen_categories_and_values_outside_are_counted(counted: Counted) -> None:
    counted.ask([ROW | {"carrier": "ZZ", "wind": -1.0}, ROW | {"wind": 40.5}, ROW | {"wind": 40.0}])
    counted.counters.count()
    assert counted.inputs("carrier", UNSEEN) == 1
    labels = {"feature": "wind", "release": counted.release}
    assert value("serving_input_outside_total", side="below", **labels) == 1
    assert value("serving_input_outside_total", side="above", **labels) == 1
    assert counted.signal("far") == 0


def test_far_is_more_than_the_width_of_training_outside(counted: Counted) -> None:
    """Training's winds are 0 to 40: at 80 and -40, and beyond."""
    counted.ask([ROW | {"wind": wind} for wind in (80.0, 80.1, -40.0, -40.1)])
    counted.counters.count()
    assert counted.signal("far") == 2


def test_counts_are_exact_whatever_the_sizes_of_requests(counted: Counted) -> None:
    """In an event loop, where sums wait: up to ROWS rows, and no more."""
    sizes = (1, ROWS - 1, 1, ROWS, ROWS + 1, 3)

    async def ask() -> None:
        for size in sizes:
            counted.ask([ROW] * size)
            assert counted.counters._waiting.rows <= ROWS

    asyncio.run(ask())
    assert counted.inputs("wind", "1") == sum(sizes)


def test_a_few_rows_are_counted_after_a_while(
    counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.telemetry.drift.pending.INTERVAL", 0.001)
    labels = {"feature": "wind", "bin": "1", "release": counted.release}

    async def ask() -> None:
        counted.ask([ROW])
        while not REGISTRY.get_sample_value("serving_input_bin_total", labels):
            await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(ask(), 10))


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_other_tasks_are_watched_too(tmp_path: Path, task: Task) -> None:
    counted = Counted(tmp_path, f"watched-{task}", task)
    counted.ask([ROW, ROW | {"wind": None}])
    counted.counters.count()
    assert counted.inputs("wind", MISSING) == 1


def test_the_population_stability_index_of_the_docs_is_the_textbook_one(counted: Counted) -> None:
    """The sum over bins of (a - e) ln(a / e), from what is exposed alone."""
    rows = tiny_instances(tiny_frame(500, seed=8))
    counted.ask(rows)
    counted.counters.count()
    names = ["0", "1", "2", MISSING]
    counts = np.array([counted.inputs("wind", name) for name in names])
    labels = {"feature": "wind", "release": counted.release}
    share = np.array([value("serving_input_reference_share", bin=n, **labels) for n in names])
    actual = counts / counts.sum()
    exposed = float(((actual - share) * np.log(actual / share)).sum())
    winds = np.array([np.nan if r["wind"] is None else r["wind"] for r in rows], np.float64)
    inside = np.histogram(winds[~np.isnan(winds)], np.array(WIND_HISTOGRAM.edges))[0]
    seen = np.append(inside, np.isnan(winds).sum()) / len(winds)
    trained = np.array([300, 400, 250, 50]) / 1000
    assert exposed == pytest.approx(float(((seen - trained) * np.log(seen / trained)).sum()))
    assert exposed > 0
