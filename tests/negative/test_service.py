"""Services that are slow, failing or not who they should be, under the real load and judge."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from delivery.content import file_hashes
from delivery.gates import latency, load, smoke
from delivery.interview import Interview
from delivery.judge import Subject
from delivery.load import measure
from delivery.servers import Servers
from tests.delivery.bentos import Bench
from tests.delivery.standin import Answer, halves, standin
from tests.serving.heavy import hungry as hungry_code
from tests.serving.heavy import slow as slow_graph

POLICY = load.Policy(seconds=1, users=4, requests_per_second=40, minimum_requests=5, p95_ms=100)
BESIDE = latency.Policy(blocks=12, requests=6)


def slow(batch: list[dict[str, Any]]) -> tuple[int, Any]:
    time.sleep(0.2)  # what is measured: a model that takes twice the limit
    return halves(batch)


def failing(batch: list[dict[str, Any]]) -> tuple[int, Any]:
    return 500, {"error": {"message": "out of memory"}}


@pytest.mark.parametrize(("answer", "text"), [(slow, "is too slow"), (failing, "out of memory")])
def test_a_slow_or_failing_service_is_refused_by_load(
    tmp_path: Path, answer: Answer, text: str
) -> None:
    examples = tmp_path / "examples.jsonl"
    examples.write_text(json.dumps({"instance": {}, "prediction": 0.5}) + "\n")
    with standin(answer) as url:
        verdict = load.judge(load.Evidence(measure(url, examples, POLICY)), POLICY)
    assert verdict.status == "fail"
    assert text in verdict.why


@pytest.mark.parametrize(
    ("name", "write", "text"),
    [("slow", slow_graph, "times as long"), ("hungry", hungry_code, "MB are allowed")],
)
def test_much_slower_or_larger_than_the_champion_is_refused_by_latency(
    bench: Bench, champion: Subject, name: str, write: Callable[[Path], None], text: str
) -> None:
    """It answers the same, and fast enough under load; only beside the champion it shows."""
    candidate = bench.bento(name, write)
    with Servers(bench.workspace, lambda _: None) as servers:
        verdict = Interview(bench.workspace, servers).beside(candidate, champion, BESIDE)
    assert (verdict.gate, verdict.status) == ("latency", "fail")
    assert text in verdict.why


def test_one_byte_changed_in_a_loaded_file_is_refused_by_smoke(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"model")
    released = file_hashes(tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"modem")
    answer = {"release": "r-1", "files": file_hashes(tmp_path)}
    verdict = smoke.judge(smoke.Evidence("r-1", released, answer), smoke.Policy())
    assert verdict.status == "fail"
    assert "model.onnx has hash" in verdict.why
