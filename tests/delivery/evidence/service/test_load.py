"""Locust measures what a service really does."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from delivery.errors import TargetError
from delivery.evidence.service.load import measure, parse, percentile
from delivery.gates.service.load import Policy
from tests.delivery.standin import halves, standin

POLICY = Policy(seconds=1, users=2, requests_per_second=50)


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    file = tmp_path / "examples.jsonl"
    file.write_text(json.dumps({"instance": {"a": 1}, "prediction": 0.5}) + "\n")
    return file


def test_a_quick_service_is_measured_at_the_asked_rate_and_in_time(examples: Path) -> None:
    start = time.monotonic()
    with standin(halves) as url:
        found = measure(url, examples, POLICY)
    assert found.errors == 0
    assert found.rate == pytest.approx(50, rel=0.3)
    assert found.requests == pytest.approx(50, rel=0.3)  # the warm-up is dropped
    assert 0 < found.p50_ms <= found.p95_ms <= found.p99_ms <= found.max_ms + 1
    assert time.monotonic() - start < POLICY.seconds + 15  # 3 s on a machine with nothing else


def test_errors_are_counted_and_the_first_is_told(examples: Path) -> None:
    with standin(lambda _: (500, {"error": {"message": "boom"}})) as url:
        found = measure(url, examples, POLICY)
    assert found.errors == found.requests > 0
    assert found.rate == 0
    assert "boom" in found.first_error


def test_an_answer_without_predictions_is_an_error(examples: Path) -> None:
    with standin(lambda _: (200, {"predictions": []})) as url:
        assert measure(url, examples, POLICY).errors > 0


def test_percentiles_count_requests() -> None:
    times = {5.0: 94, 50.0: 5, 900.0: 1}
    assert percentile(times, 0.5) == 5
    assert percentile(times, 0.95) == 50
    assert percentile(times, 0.99) == 50
    assert percentile(times, 1.0) == 900


def test_no_request_is_an_error_of_the_target() -> None:
    with pytest.raises(TargetError, match="sent no request"):
        parse("[]", source="http://127.0.0.1:9")
