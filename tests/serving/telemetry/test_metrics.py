"""What Prometheus is told, and that nobody outside can make series."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import REGISTRY, CollectorRegistry, Histogram
from prometheus_client.parser import text_string_to_metric_families

import serving.guard.limits.connections  # noqa: F401 - the server loads it: its counters are exposed too
from serving.contract import Task
from serving.telemetry.metrics import Meter, observe_all
from tests.serving.conftest import client_of
from tests.serving.telemetry.counted import ROW, value


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


def test_the_page_names_metrics_that_are_there() -> None:
    """Those of its table, its rules and its alerts."""
    page = Path(__file__).parents[3] / "docs" / "serving.md"
    named = set(re.findall(r"\bserving_\w+", page.read_text(encoding="utf-8")))
    families = [(family.name, family.type) for family in REGISTRY.collect()]
    there = {f"{name}_total" if kind == "counter" else name for name, kind in families}
    assert len(named) > 15
    assert named <= there


class Public:
    """A histogram of a version that has other private names."""

    def __init__(self, histogram: Histogram) -> None:
        self.observe = histogram.observe


@pytest.mark.parametrize("public", [False, True])
def test_observing_all_is_observing_each(public: bool) -> None:
    """At, below and above the edges of buckets; also with what is public alone."""
    registry = CollectorRegistry()
    each, together = (
        Histogram(name, "", registry=registry, buckets=(0.1, 1.0)) for name in ("each", "all")
    )
    values = [0.0, 0.1, 0.10001, 1.0, 7.0, 0.5]
    for number in values:
        each.observe(number)
    observe_all(Public(together) if public else together, values)  # type: ignore[arg-type]
    for le in ("0.1", "1.0", "+Inf"):
        expected = registry.get_sample_value("each_bucket", {"le": le})
        assert registry.get_sample_value("all_bucket", {"le": le}) == expected
    assert registry.get_sample_value("all_sum") == registry.get_sample_value("each_sum")
    assert registry.get_sample_value("all_count") == len(values)


def test_a_scrape_after_a_burst_is_exact(models: dict[Task, Path]) -> None:
    """Nothing that was answered before is still on its way."""
    with client_of(models["binary"]) as client:
        labels = 'serving_requests_total{release="r-0123456789ab",route="/predict",status="200"} '

        def counted() -> float:
            text = client.get("/metrics").text
            return float(text.partition(labels)[2].partition("\n")[0] or 0)

        before = counted()
        for _ in range(50):
            assert client.post("/predict", json={"instances": [ROW]}).status_code == 200
        assert counted() == before + 50


def test_requests_in_flight_are_those_that_have_not_ended() -> None:
    meter = Meter("r-flight")

    def in_flight() -> float:
        return value("serving_requests_in_flight", release="r-flight")

    assert in_flight() == 0
    meter.begin()
    meter.begin()
    assert in_flight() == 2
    meter.end()
    assert in_flight() == 1
    meter.end()
    assert in_flight() == 0


def test_a_request_is_in_flight_while_it_is_answered_and_no_longer(
    models: dict[Task, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one whose answer is a refusal."""
    labels = {"release": "r-0123456789ab"}
    seen = []
    begin = Meter.begin

    def begun(meter: Meter) -> None:
        begin(meter)
        seen.append(value("serving_requests_in_flight", **labels))

    monkeypatch.setattr(Meter, "begin", begun)
    with client_of(models["binary"]) as client:
        client.post("/predict", json={"instances": [ROW]})
        client.post("/predict", content=b"{")
    assert seen == [1, 1]
    assert value("serving_requests_in_flight", **labels) == 0


WORKER = """
import sys
from serving.telemetry.metrics import WORKERS, Meter
from serving.telemetry.drift.pending import PENDING
WORKERS.labels("r-1").set(1)
meter = Meter("r-1")
for _ in range(int(sys.argv[1])):
    meter.begin()
PENDING.flush()
print("ready", flush=True)
sys.stdin.read()
"""
SCRAPE = "from serving.telemetry.metrics import exposition; print(exposition().decode())"


def test_gauges_are_sums_over_the_workers_that_live(tmp_path: Path) -> None:
    """What a killed worker was doing has ended with it, although it could not say so."""
    environ = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    root = Path(__file__).parents[3]

    def scraped() -> dict[str, float]:
        done = subprocess.run(
            [sys.executable, "-c", SCRAPE],
            env=environ, cwd=root, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return {
            sample.name: sample.value
            for family in text_string_to_metric_families(done.stdout)
            for sample in family.samples
        }

    def started(count: int) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", WORKER, str(count)]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=environ, cwd=root, stdin=pipe, stdout=pipe)

    workers = [started(count) for count in (3, 4)]
    try:
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == b"ready\n"
        both = scraped()
        assert (both["serving_requests_in_flight"], both["serving_workers"]) == (7, 2)
        workers[0].kill()
        workers[0].wait()
        one = scraped()
        assert (one["serving_requests_in_flight"], one["serving_workers"]) == (4, 1)
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()
