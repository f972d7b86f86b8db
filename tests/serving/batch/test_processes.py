"""Several processes do what one does; what ends one of them ends the job."""

from __future__ import annotations

import shutil
from multiprocessing import active_children
from pathlib import Path

import pytest

from serving.batch.documents import JobSpec
from serving.batch.errors import BadInput, Failed
from serving.batch.processes import scored
from serving.batch.scorer import Task, Work
from serving.batch.writing.output import Output
from serving.contract import Task as Kind
from serving.strict import DocumentError
from tests.serving.batch.jobs import source_of, write_rows

JOB = JobSpec(release="r-1", model="abc", unit_rows=50, text_length=100)


@pytest.fixture
def work(models: dict[Kind, Path], tmp_path: Path) -> Work:
    Output(str(tmp_path / "out")).prepare()
    return Work(JOB, models["binary"], str(tmp_path / "out"))


def tasks(tmp_path: Path) -> list[Task]:
    source = source_of(write_rows(tmp_path / "in.parquet"))
    return [Task(source, start) for start in range(0, 300, 50)]


def test_processes_score_what_one_scores(work: Work, tmp_path: Path) -> None:
    asked = tasks(tmp_path)
    two = sorted((record.unit.start, record.unit.predictions) for record in scored(asked, work, 2))
    again = Work(JOB, work.model, str(tmp_path / "again"))
    Output(again.output).prepare()
    assert two == sorted(
        (record.unit.start, record.unit.predictions) for record in scored(asked, again, 1)
    )
    assert list(scored([], work, 4)) == []


def test_what_one_raises_ends_all(work: Work, tmp_path: Path) -> None:
    asked = tasks(tmp_path)
    write_rows(tmp_path / "in.parquet", seed=1)
    with pytest.raises(BadInput, match="changed while it was read"):
        list(scored(asked, work, 2))
    assert active_children() == []


def test_a_process_that_is_killed_is_named(work: Work, tmp_path: Path) -> None:
    records = scored(tasks(tmp_path), work, 2)
    next(records)
    for child in active_children():
        child.kill()
    with pytest.raises(Failed, match=r"ended with -9.*a lack of memory"):
        list(records)
    assert active_children() == []


def test_a_model_that_is_damaged_is_told_as_such(work: Work, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(work.model, damaged)
    (damaged / "model.onnx").write_bytes(b"nothing")
    with pytest.raises(DocumentError, match=r"damaged|model.onnx"):
        list(scored(tasks(tmp_path), Work(JOB, damaged, work.output), 2))
