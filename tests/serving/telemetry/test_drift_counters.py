"""What is counted about inputs and scores: against numpy, and as a scraper would read it."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from serving.contract import Histogram, Output, Task
from serving.predict.answer import Predictor, Query
from serving.predict.loaded_model import load_model
from serving.settings.service import ServingSettings, Start
from serving.telemetry.bins import MISSING, OTHER, UNSEEN, LabelBins, NumberBins
from serving.telemetry.drift_counters import ROWS, Watch
from serving.telemetry.request_context import CALL, Call
from serving.telemetry.signals import CLIENTS, Suspicion
from tests.serving.conftest import client_of
from tests.serving.tiny import WIND_HISTOGRAM, tiny_frame, tiny_instances, write_tiny_model

ROW = {"distance": 800.0, "wind": 7.0, "hour": 9, "weekend": False, "carrier": "UA"}
NUMBERS = Histogram(edges=(0.0, 5.0, 10.0, 40.0), counts=(300, 400, 250), missing=50)
SCORES = Histogram(edges=(0.0, 0.3, 0.6, 1.0), counts=(30, 40, 30))


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


class TestNumberBins:
    @pytest.mark.parametrize(
        ("number", "code"),
        [(-1e9, 0), (-0.1, 0), (0, 0), (4.9, 0), (5, 1), (9.9, 1), (10, 2), (40, 2), (1e9, 2)],
    )
    def test_a_bin_has_its_lower_edge_and_the_outer_ones_have_the_rest(
        self, number: float, code: int
    ) -> None:
        assert NumberBins(NUMBERS).codes(np.array([number])).tolist() == [code]

    def test_bins_are_those_of_the_reference(self) -> None:
        """As numpy counted them in training, the last one closed."""
        values = np.random.default_rng(0).normal(15, 8, 5000).clip(0, 40)
        counts, _ = np.histogram(values, np.array(NUMBERS.edges))
        codes = NumberBins(NUMBERS).codes(values)
        assert np.bincount(codes, minlength=4).tolist() == [*counts.tolist(), 0]

    def test_nan_is_missing(self) -> None:
        bins = NumberBins(NUMBERS)
        assert [bins.names[i] for i in bins.codes(np.array([np.nan, 1]))] == [MISSING, "0"]

    def test_what_training_never_saw_is_outside(self) -> None:
        """Below, at and above both ends; a missing value is on no side."""
        values = np.array([-0.1, 0, 40, 40.1, 41, np.nan])
        assert NumberBins(NUMBERS).outside(values) == (1, 2)


class TestLabelBins:
    def test_labels_other_unseen_and_missing_are_apart(self) -> None:
        bins = LabelBins(Histogram(labels=("AA", "UA"), counts=(5, 5)), ("AA", "B6", "UA"))
        codes = bins.codes(np.array(["UA", "AA", "B6", "XX", ""], np.object_))
        assert [bins.names[i] for i in codes] == ["UA", "AA", OTHER, UNSEEN, MISSING]

    def test_booleans_have_the_labels_of_their_histogram(self) -> None:
        bins = LabelBins(Histogram(labels=("false", "true"), counts=(5, 5)), ())
        assert [bins.names[i] for i in bins.codes(np.array([True, False]))] == ["true", "false"]


class Place:
    """A predictor of a tiny model with histograms, and its watch, under a release of its own."""

    def __init__(self, folder: Path, release: str, task: Task = "binary") -> None:
        output = Output(
            name="score",
            dtype="float32",
            shape=(3,) if task == "multiclass" else (),
            histogram=None if task == "multiclass" else SCORES,
        )
        inputs = {
            "carrier": {"histogram": Histogram(labels=("AA", "UA"), counts=(50, 50))},
            "weekend": {"histogram": Histogram(labels=("false", "true"), counts=(70, 30))},
        }
        write_tiny_model(folder, task, contract={"outputs": (output,)}, inputs=inputs)
        self.release = release
        self.predictor = Predictor(load_model(folder), Start(release, ServingSettings()))
        self.watch = Watch(self.predictor.contract, release)

    def ask(self, rows: Sequence[dict[str, Any]], client: str = "somebody") -> Any:
        CALL.set(Call("id", client))
        scored = self.predictor(Query(len(rows), list(rows)))
        self.watch.scored(scored)
        return scored

    def inputs(self, feature: str, name: str) -> float:
        labels = {"feature": feature, "bin": name, "release": self.release}
        return value("serving_input_bin_total", **labels)

    def signal(self, name: str) -> float:
        return value("serving_suspicious_rows_total", signal=name, release=self.release)


@pytest.fixture
def place(tmp_path: Path, request: pytest.FixtureRequest) -> Place:
    return Place(tmp_path, request.node.name)


def test_inputs_and_scores_are_counted_by_bin(place: Place) -> None:
    rows = tiny_instances(tiny_frame(300, seed=4))
    scores = [place.ask([row]).score[0] for row in rows]
    place.watch.count()
    winds = [math.nan if row["wind"] is None else row["wind"] for row in rows]
    known = [wind for wind in winds if wind == wind]
    expected, _ = np.histogram(np.clip(known, 0, 40), np.array(WIND_HISTOGRAM.edges))
    assert [place.inputs("wind", str(i)) for i in range(3)] == expected.tolist()
    assert place.inputs("wind", MISSING) == len(rows) - len(known)
    carriers = [row["carrier"] for row in rows]
    assert place.inputs("carrier", "AA") == carriers.count("AA")
    assert place.inputs("carrier", OTHER) == carriers.count("DL")
    assert place.inputs("weekend", "true") == sum(row["weekend"] for row in rows)
    assert place.inputs("distance", "0") == 0, "without a histogram there are no bins"
    expected, _ = np.histogram(scores, np.array(SCORES.edges))
    found = [value("serving_score_bin_total", bin=str(i), release=place.release) for i in range(3)]
    assert found == expected.tolist()


def test_the_reference_stands_beside_the_counts(place: Place) -> None:
    labels = {"feature": "wind", "release": place.release}
    shares = [
        value("serving_input_reference_share", bin=name, **labels) for name in ("0", "1", MISSING)
    ]
    assert shares == [0.3, 0.4, 0.05]
    assert value("serving_score_reference_share", bin="1", release=place.release) == 0.4


def test_unseen_categories_and_values_outside_are_counted(place: Place) -> None:
    place.ask([ROW | {"carrier": "ZZ", "wind": -1.0}, ROW | {"wind": 40.5}, ROW | {"wind": 40.0}])
    place.watch.count()
    assert place.inputs("carrier", UNSEEN) == 1
    labels = {"feature": "wind", "release": place.release}
    assert value("serving_input_outside_total", side="below", **labels) == 1
    assert value("serving_input_outside_total", side="above", **labels) == 1
    assert place.signal("far") == 0


def test_far_is_more_than_the_width_of_training_outside(place: Place) -> None:
    """Training's winds are 0 to 40: at 80 and -40, and beyond."""
    place.ask([ROW | {"wind": wind} for wind in (80.0, 80.1, -40.0, -40.1)])
    place.watch.count()
    assert place.signal("far") == 2


def test_rows_are_counted_once_enough_have_come(place: Place) -> None:
    place.ask([ROW] * (ROWS - 1))
    assert place.inputs("wind", "1") == 0
    place.ask([ROW])
    assert place.inputs("wind", "1") == ROWS


def test_a_few_rows_are_counted_after_a_while(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.telemetry.drift_counters.SECONDS", 0.001)

    async def ask() -> None:
        place.ask([ROW])
        while not place.inputs("wind", "1"):
            await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(ask(), 10))


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_other_tasks_are_watched_too(tmp_path: Path, task: Task) -> None:
    place = Place(tmp_path, f"watched-{task}", task)
    place.ask([ROW, ROW | {"wind": None}])
    place.watch.count()
    assert place.inputs("wind", MISSING) == 1


def test_the_population_stability_index_of_the_docs_is_the_textbook_one(place: Place) -> None:
    """The sum over bins of (a - e) ln(a / e), from what is exposed alone."""
    rows = tiny_instances(tiny_frame(500, seed=8))
    place.ask(rows)
    place.watch.count()
    names = ["0", "1", "2", MISSING]
    counts = np.array([place.inputs("wind", name) for name in names])
    labels = {"feature": "wind", "release": place.release}
    share = np.array([value("serving_input_reference_share", bin=n, **labels) for n in names])
    actual = counts / counts.sum()
    exposed = float(((actual - share) * np.log(actual / share)).sum())
    winds = np.array([np.nan if r["wind"] is None else r["wind"] for r in rows], np.float64)
    inside = np.histogram(winds[~np.isnan(winds)], np.array(WIND_HISTOGRAM.edges))[0]
    seen = np.append(inside, np.isnan(winds).sum()) / len(winds)
    trained = np.array([300, 400, 250, 50]) / 1000
    assert exposed == pytest.approx(float(((seen - trained) * np.log(seen / trained)).sum()))
    assert exposed > 0


class TestSuspicion:
    def test_a_search_for_the_threshold_is_seen(self, place: Place) -> None:
        """Bisection along one input: neighbours, half of them across the threshold."""
        low, high, crossings, above = 0.0, 10_000.0, 0, None
        for _ in range(12):
            middle = (low + high) / 2
            score = float(place.ask([ROW | {"distance": middle}], "prober").score[0])
            low, high = (low, middle) if score >= 0.5 else (middle, high)
            crossings += above is not None and above != (score >= 0.5)
            above = score >= 0.5
        place.watch.count()
        assert place.signal("neighbour") == 11
        assert place.signal("boundary") == crossings > 2

    def test_rows_of_others_between_do_not_hide_it(self, place: Place) -> None:
        for step in range(6):
            place.ask([ROW | {"distance": 500.0 + step}], "prober")
            place.ask(tiny_instances(tiny_frame(1, seed=step)), "honest")
            if step % 2:
                place.watch.count()
        place.watch.count()
        assert 5 <= place.signal("neighbour") <= 6

    @pytest.mark.parametrize(("changed", "neighbours"), [(0, 0), (1, 1), (2, 1), (3, 0)])
    def test_neighbours_differ_in_one_or_two_inputs(
        self, place: Place, changed: int, neighbours: int
    ) -> None:
        """The same row again is a retry."""
        other = {"distance": 1.0, "hour": 3, "carrier": "AA"}
        place.ask([ROW], "prober")
        place.ask([ROW | dict(list(other.items())[:changed])], "prober")
        place.watch.count()
        assert place.signal("neighbour") == neighbours

    def test_two_missing_values_are_equal(self, place: Place) -> None:
        place.ask([ROW | {"wind": None}, ROW | {"wind": None, "hour": 1}], "prober")
        place.watch.count()
        assert place.signal("neighbour") == 1

    def test_memory_is_bounded(self) -> None:
        suspicion = Suspicion("bounded", 0.5)
        for number in range(CLIENTS + 50):
            suspicion.look(np.zeros((1, 5)), np.zeros(1), [(str(number), 1)])
        assert len(suspicion._last) == CLIENTS


def test_what_is_exposed_is_bounded_whatever_comes(models: dict[Task, Path]) -> None:
    """Strange values, fields and paths make no series of their own."""
    client = client_of(models["binary"])
    client.post("/predict", json={"instances": [ROW]})
    client.post("/predict", json={"instances": [ROW | {"hour": 99, "carrier": "A"}]})

    def names() -> set[tuple[str, ...]]:
        families = text_string_to_metric_families(client.get("/metrics").text)
        return {
            (sample.name, *sorted(sample.labels.values()))
            for family in families
            for sample in family.samples
            if sample.name.startswith("serving_")
        }

    before = names()
    for number in range(30):
        row = ROW | {f"x{number}": 1, "carrier": f"Z{number}"}
        assert client.post("/predict", json={"instances": [row]}).status_code == 200
        client.post("/predict", json={"instances": [ROW | {"hour": 100 + number}]})
        client.get(f"/never/{number}")
    assert names() == before


def test_rejected_values_are_counted_by_field_and_reason(models: dict[Task, Path]) -> None:
    client = client_of(models["binary"], limits={"text_length": 5})
    wrong = {"distance": -1, "wind": "x", "hour": None, "weekend": 1, "carrier": "x" * 6}
    reasons = dict(zip(wrong, ("range", "type", "missing", "type", "length"), strict=True))

    def counted() -> list[float]:
        release = "r-0123456789ab"
        return [
            value("serving_rejected_rows_total", field=field, reason=reason, release=release)
            for field, reason in reasons.items()
        ]

    before = counted()
    response = client.post("/predict", json={"instances": [wrong]})
    assert response.status_code == 422
    assert [now - was for now, was in zip(counted(), before, strict=True)] == [1] * 5
    problem = response.json()["error"]["problems"][-1]
    assert problem["expected"].endswith("of at most 5 characters")
    assert json.dumps(response.json()).count("reason") == 0
