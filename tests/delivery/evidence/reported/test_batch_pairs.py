"""Two outputs are paired by file and row, whatever either of them refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from delivery.errors import InputError
from delivery.evidence.reported import batch_pairs as module
from delivery.evidence.reported.batch_pairs import batch_pairs
from delivery.gates.rollout import shadow
from delivery.gates.rollout.agreement import changed
from serving.contract import Task
from tests.serving.batch.jobs import run_job, write_rows
from tests.serving.conftest import TASKS
from tests.serving.tiny import WEIGHTS, tiny_contract, tiny_frame, tiny_scores, write_tiny_model

ALIKE = (tiny_contract(), tiny_contract())


def model(folder: Path, task: Task = "binary", **variations: object) -> Path:
    write_tiny_model(folder, task, **variations)
    return folder


@pytest.mark.parametrize("task", TASKS)
def test_rows_are_paired(tmp_path: Path, task: Task) -> None:
    rows = write_rows(tmp_path / "in.parquet", 250)
    weights = {"wind": 0.2}
    for name, folder in (
        ("one", model(tmp_path / "a", task)),
        ("two", model(tmp_path / "b", task, weights=weights)),
    ):
        run_job(folder, rows, tmp_path / name, columns=("day",))
    contract = tiny_contract(task)
    pairs = batch_pairs(str(tmp_path / "one"), str(tmp_path / "two"), contract, contract)
    assert len(pairs) == 250
    frame = tiny_frame(250).iloc[np.random.default_rng(0).permutation(250)]
    np.testing.assert_allclose(pairs.champion, tiny_scores(frame, WEIGHTS, task), atol=1e-5)
    np.testing.assert_allclose(
        pairs.candidate, tiny_scores(frame, WEIGHTS | weights, task), atol=1e-5
    )
    assert pairs.cluster.tolist() == frame["day"].tolist()
    assert not pairs.champion_failed.any()


def test_each_release_decides_by_its_own_threshold(tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "in.parquet", 250)
    for name in ("one", "two"):
        run_job(model(tmp_path / "a"), rows, tmp_path / name)
    other = tiny_contract().model_copy(update={"threshold": 0.9})
    places = [str(tmp_path / name) for name in ("one", "two")]
    pairs = batch_pairs(*places, tiny_contract(), other)
    assert (pairs.threshold, pairs.own_threshold) == (0.5, 0.9)
    between = (pairs.champion > 0.5) & (pairs.champion <= 0.9)
    assert changed(pairs).tolist() == between.tolist()


def test_a_row_that_one_refuses_failed_there(tmp_path: Path) -> None:
    distance = tiny_frame(250)["distance"].copy()
    distance[3], distance[7] = -1.0, 6000.0
    rows = write_rows(tmp_path / "in.parquet", 250, distance=distance)
    narrow = {"distance": {"range": (0.0, 5000.0)}}
    run_job(model(tmp_path / "a"), rows, tmp_path / "one")
    run_job(model(tmp_path / "b", inputs=narrow), rows, tmp_path / "two")
    pairs = batch_pairs(
        str(tmp_path / "one"), str(tmp_path / "two"), tiny_contract(), tiny_contract()
    )
    assert len(pairs) == 249, "what both refuse is no pair"
    assert (pairs.champion_failed.sum(), pairs.candidate_failed.sum()) == (0, 1)
    assert set(pairs.cluster) == {"in.parquet"}


def test_other_inputs_are_not_paired(tmp_path: Path) -> None:
    folder = model(tmp_path / "a")
    run_job(folder, write_rows(tmp_path / "in.parquet"), tmp_path / "one")
    run_job(folder, write_rows(tmp_path / "in.parquet", seed=1), tmp_path / "two")
    with pytest.raises(InputError, match="was not scored from the state"):
        batch_pairs(str(tmp_path / "one"), str(tmp_path / "two"), *ALIKE)
    with pytest.raises(InputError, match=r"has no manifest.json"):
        batch_pairs(
            str(tmp_path / "one"), str(tmp_path / "three"), tiny_contract(), tiny_contract()
        )


def test_of_many_rows_each_nth_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 100)
    rows = write_rows(tmp_path / "in.parquet", 250)
    for name in ("one", "two"):
        run_job(model(tmp_path / name / "model"), rows, tmp_path / name / "out")
    places = [str(tmp_path / name / "out") for name in ("one", "two")]
    assert len(batch_pairs(*places, *ALIKE)) == 84


def test_the_gate_passes_an_equal_release_and_holds_another(tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "in.parquet", 1500)
    other = {"wind": -1.4, "hour": 1.1}
    run_job(model(tmp_path / "a"), rows, tmp_path / "one", columns=("day",))
    run_job(model(tmp_path / "b", seed=2), rows, tmp_path / "two", columns=("day",))
    run_job(model(tmp_path / "c", weights=other), rows, tmp_path / "three", columns=("day",))

    def verdict(name: str) -> str:
        pairs = batch_pairs(
            str(tmp_path / "one"), str(tmp_path / name), tiny_contract(), tiny_contract()
        )
        return shadow.judge(pairs, shadow.Policy()).status

    assert verdict("two") == "pass"
    assert verdict("three") == "hold"
