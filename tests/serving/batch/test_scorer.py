"""A scorer writes units whole; of two that write the same unit the first counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serving.batch.documents import JobSpec, UnitRecord
from serving.batch.errors import Failed
from serving.batch.scorer import Scorer, Task, Work
from serving.batch.writing.output import WRITING, Output
from serving.contract import Task as Kind
from serving.errors import ScoreError
from serving.predict.loaded_model import LoadedModel
from tests.serving.batch.jobs import names, source_of, write_rows


@pytest.fixture
def work(models: dict[Kind, Path], tmp_path: Path) -> Work:
    Output(str(tmp_path / "out")).prepare()
    job = JobSpec(release="r-1", model="abc", unit_rows=100, text_length=100)
    return Work(job, models["binary"], str(tmp_path / "out"))


@pytest.fixture
def scorer(work: Work) -> Scorer:
    return Scorer(work)


def test_a_task_of_parquet_is_one_unit_and_one_of_a_text_is_the_rest(
    scorer: Scorer, tmp_path: Path
) -> None:
    parquet = source_of(write_rows(tmp_path / "in.parquet", 250))
    assert [(r.unit.start, r.unit.end) for r in scorer(Task(parquet, 100))] == [(100, 200)]
    text = source_of(write_rows(tmp_path / "in.csv", 250))
    units = [record.unit for record in scorer(Task(text, 100))]
    assert [(unit.start, unit.end, unit.last) for unit in units] == [
        (100, 200, False),
        (200, 250, True),
    ]


@pytest.mark.parametrize("towards", [None, 0])
def test_the_second_takes_what_the_first_wrote(
    work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, towards: float | None
) -> None:
    """Also where its own last bits are others: then its own files go."""
    task = Task(source_of(write_rows(tmp_path / "in.parquet", 80)))
    slow, fast, score = Scorer(work), Scorer(work), LoadedModel.score
    first: list[UnitRecord] = []

    def meanwhile(model: LoadedModel, columns: Any) -> Any:
        monkeypatch.setattr(LoadedModel, "score", score)
        first.extend(fast(task))
        own = score(model, columns)
        return own if towards is None else np.nextafter(own, towards, dtype=own.dtype)

    monkeypatch.setattr(LoadedModel, "score", meanwhile)
    assert list(slow(task)) == first
    assert len(first) == 1
    written = first[0].unit.predictions.file
    assert names(tmp_path / "out") == {written, f"units/{first[0].unit.name}.json"}


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_unit_that_another_runner_put_there_is_not_scored(
    scorer: Scorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    task = Task(source_of(write_rows(tmp_path / f"in.{suffix}", 80)))
    (first,) = scorer(task)
    monkeypatch.delattr(Scorer, "_score")
    assert list(scorer(task)) == [first]


def test_a_model_that_fails_is_named_with_the_rows(
    scorer: Scorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ScoreError("the model has no finite score for row 3")

    monkeypatch.setattr(LoadedModel, "score", fail)
    task = Task(source_of(write_rows(tmp_path / "in.parquet", 250)), 100)
    with pytest.raises(Failed, match=r"in.parquet: rows 100 to 199: the model has no finite"):
        list(scorer(task))
    assert names(tmp_path / "out") == set()
    assert list((tmp_path / "out" / WRITING).iterdir()) == []
