"""Locust measures what a service really does."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from delivery.bento.bento import Bento
from delivery.bento.client import OWN
from delivery.errors import TargetError
from delivery.evidence.predictions import Predictions
from delivery.evidence.service import load
from delivery.evidence.service.load import gather, measure, observe, parse, percentile
from delivery.gates.service.load import Measured, Policy
from delivery.gates.verdict import Verdict
from tests.delivery.evidence.trials import live, tiny_bento, tried
from tests.delivery.standin import halves, standin

POLICY = Policy(seconds=1, users=2, requests_per_second=50)


class Lender:
    """Lends a server that nobody asks."""

    def progress(self, _: str) -> None:
        pass

    def url(self, _: Bento) -> str:
        return "http://127.0.0.1:9"


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    file = tmp_path / "examples.jsonl"
    file.write_text(json.dumps({"instance": {"a": 1}, "prediction": 0.5}) + "\n")
    return file


def test_a_quick_service_is_asked_as_often_as_the_policy_says_and_no_oftener(
    examples: Path,
) -> None:
    """A busy machine asks less often than 50 times a second."""
    ids: list[str] = []
    with standin(halves, ids=ids) as url:
        measured = measure(url, examples, POLICY)
    assert measured.errors == 0
    assert all(identity.startswith(OWN) for identity in ids), "no client asked"
    assert 1 < measured.requests <= 50 * 1.3  # the warm-up is dropped
    assert 0 < measured.rate <= 50 * 1.3
    assert measured.rate == pytest.approx(measured.requests / measured.seconds)
    assert 0 < measured.p50_ms <= measured.p95_ms <= measured.p99_ms <= measured.max_ms + 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((500, {"error": {"message": "boom"}}), "boom"),
        ((200, {"predictions": []}), "the answer holds no prediction"),
    ],
)
def test_errors_and_answers_without_predictions_are_counted_and_the_first_is_told(
    examples: Path, answer: tuple[int, dict[str, Any]], error: str
) -> None:
    with standin(lambda _: answer) as url:
        measured = measure(url, examples, POLICY)
    assert measured.errors == measured.requests > 1
    assert measured.rate == 0
    assert error in measured.first_error


def test_percentiles_count_requests() -> None:
    times = {5.0: 94, 50.0: 5, 900.0: 1}
    assert percentile(times, 0.5) == 5
    assert percentile(times, 0.95) == 50
    assert percentile(times, 0.99) == 50
    assert percentile(times, 1.0) == 900


def test_no_request_is_an_error_of_the_target() -> None:
    with pytest.raises(TargetError, match="sent no request"):
        parse("[]", source="http://127.0.0.1:9")


def test_an_instance_that_another_gate_blocks_and_one_that_is_known_get_no_load(
    tmp_path: Path,
) -> None:
    bento = tiny_bento(tmp_path)
    blocked = live(bento, verdicts=(Verdict("smoke", "fail", "m", "r", "w"),))
    evidence = observe(blocked)
    assert evidence is not None
    assert (evidence.measured, evidence.missing) == (
        None,
        "not measured, since another gate blocks already",
    )
    assert observe(live(bento, under_load=False)) is None


@pytest.mark.parametrize(("errors", "measured"), [(0, 1), (1_000, 2)])
def test_only_a_pass_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, errors: int, measured: int
) -> None:
    """A busy machine may fail once, and must get another try."""
    seen: list[str] = []

    def measure_once(url: str, *_: object) -> Measured:
        seen.append(url)
        return Measured(1_000, errors, 1.0, 1.0, 1.0, 1.0, 100.0, 5.0)

    monkeypatch.setattr(load, "measure", measure_once)
    predictions: Any = Predictions(tmp_path / "workspace", Lender())  # type: ignore[arg-type]
    for _ in range(2):
        evidence = gather(replace(tried(tiny_bento(tmp_path)), predictions=predictions))
        assert evidence.measured is not None
        assert evidence.measured.errors == errors
    assert seen == ["http://127.0.0.1:9"] * measured
