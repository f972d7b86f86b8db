"""The bench of batch scores the rows that it says, and the raw contestant scores them as well."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from bench import batch
from bench.generator import MissingError
from serving.model.graph import Graph
from tests.serving.batch.jobs import published
from tests.serving.tiny import WEIGHTS, tiny_frame, tiny_scores, write_tiny_model


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_tiny_model(tmp_path / "model")
    tiny_frame(70).to_parquet(tmp_path / "data.parquet")
    monkeypatch.setattr(batch, "MODEL", tmp_path / "model")
    monkeypatch.setattr(batch, "DATA", tmp_path / "data.parquet")
    return tmp_path


COLUMNS = (*WEIGHTS, "id")


@pytest.mark.parametrize("rows", [70, 100, 230])
def test_the_rows_are_those_of_the_data_over_and_over(
    here: Path, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "GROUP", 90)
    batch.write_rows(here / "in.parquet", rows, COLUMNS)
    table = pq.read_table(here / "in.parquet")
    assert table.num_rows == rows
    assert set(table.column("id").to_pylist()) == set(tiny_frame(70)["id"])


def test_both_score_all_rows(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    batch.write_rows(here / "in.parquet", 70, COLUMNS)
    batch.batch(here / "in.parquet", here / "out", 1)
    expected = tiny_scores(tiny_frame(70), WEIGHTS, "binary")
    found = published(here / "out").column("score").to_pylist()
    np.testing.assert_allclose(found, expected, atol=1e-6)
    scored: list[np.ndarray] = []
    call = Graph.__call__

    def kept(graph: Graph, columns: dict[str, np.ndarray]) -> np.ndarray:
        scored.append(call(graph, columns).reshape(-1))
        return scored[-1]

    monkeypatch.setattr(Graph, "__call__", kept)
    batch.raw(here / "in.parquet", here, 1)
    np.testing.assert_allclose(scored[-1], expected, atol=1e-6)


def test_a_cost_is_that_of_a_process_of_its_own(here: Path) -> None:
    cost = batch.measured(_sleep, here / "in.parquet")
    assert cost.clock > 0.1
    assert cost.processor < cost.clock
    assert cost.memory > 10_000_000


def _sleep(*_: object) -> None:
    time.sleep(0.1)


def test_without_a_model_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "MODEL", tmp_path / "model")
    with pytest.raises(MissingError, match="dvc repro"):
        batch.main()
