"""What is left to do follows from the records that are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving.batch.checking.checker import checkers
from serving.batch.documents import Counts, JobSpec, Unit, UnitRecord, Written, render
from serving.batch.errors import BadInput
from serving.batch.plan import look_at, make_plan
from serving.batch.reading.sources import Source, find_sources
from serving.batch.writing.output import Output
from tests.serving.batch.jobs import source_of, write_rows
from tests.serving.tiny import tiny_contract

JOB = JobSpec(release="r-1", model="abc", unit_rows=10, text_length=100)


@pytest.fixture
def output(tmp_path: Path) -> Output:
    made = Output(str(tmp_path / "out"))
    made.prepare()
    return made


def finish(output: Output, source: Source, start: int, *, last: bool = False) -> None:
    """Put the record of a unit there."""
    name = JOB.unit(source.described, start)
    unit = Unit(
        name=name,
        path=source.path,
        start=start,
        end=start + 10,
        rows=10,
        scored=10,
        refused=0,
        last=last,
        predictions=Written(file=name, sha256="0"),
    )
    record = UnitRecord(unit=unit, counts=Counts(inputs={}, outside={}, scores=None))
    assert output.put_first(f"units/{name}.json", render(record))


def test_units_of_parquet_are_done_in_any_order(tmp_path: Path, output: Output) -> None:
    source = source_of(write_rows(tmp_path / "in.parquet", 35))
    finish(output, source, 10)
    plan = make_plan(JOB, {source: 35}, output)
    assert [task.start for task in plan.tasks] == [0, 20, 30]
    assert [record.unit.start for record in plan.done] == [10]
    assert plan.rows == 35


def test_a_text_goes_on_after_its_first_units(tmp_path: Path, output: Output) -> None:
    source = source_of(write_rows(tmp_path / "in.csv", 35))
    for start in (0, 10, 30):
        finish(output, source, start)
    plan = make_plan(JOB, {source: None}, output)
    assert [task.start for task in plan.tasks] == [20]
    assert [record.unit.start for record in plan.done] == [0, 10]
    assert plan.rows is None


def test_a_text_whose_end_was_seen_is_done(tmp_path: Path, output: Output) -> None:
    source = source_of(write_rows(tmp_path / "in.csv", 20))
    finish(output, source, 0)
    finish(output, source, 10, last=True)
    plan = make_plan(JOB, {source: None}, output)
    assert (len(plan.tasks), len(plan.done)) == (0, 2)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (("score",), "'score' is the name of a column of every result"),
        (("nothing",), r"in.csv: --columns asks for 'nothing'.*It has distance, wind"),
    ],
)
def test_columns_that_cannot_go_along(tmp_path: Path, columns: tuple[str, ...], said: str) -> None:
    sources = find_sources(str(write_rows(tmp_path / "in.csv")))
    with pytest.raises(BadInput, match=said):
        look_at(sources, columns, checkers(tiny_contract(), 100))


def test_a_file_without_a_column_of_the_model_is_named(tmp_path: Path) -> None:
    write_rows(tmp_path / "in.parquet")
    write_rows(tmp_path / "other.parquet", hour="noon")
    sources = find_sources(f"{tmp_path}/*.parquet")
    with pytest.raises(BadInput, match=r"^other.parquet: column 'hour' is \w+, expected"):
        look_at(sources, (), checkers(tiny_contract(), 100))
