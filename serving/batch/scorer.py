"""Rows of files scored, and what comes of them written: a unit at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from serving.batch.checking.arrow_column import is_text
from serving.batch.checking.checker import checkers
from serving.batch.counts import BinCounts
from serving.batch.documents import JobSpec, Unit, UnitRecord, Written, render
from serving.batch.errors import Failed, explained
from serving.batch.reading.chunk import Chunk, cut_for
from serving.batch.reading.read import Wanted, look, windows
from serving.batch.reading.sources import Source
from serving.batch.writing.draft import Draft, carried
from serving.batch.writing.output import UNITS, Output
from serving.batch.writing.predictions import Predictions
from serving.digests import file_sha256
from serving.errors import ScoreError
from serving.predict.loaded_model import load_model
from serving.rows.column import Array


@dataclass(frozen=True, slots=True)
class Task:
    """The unit of `source` that begins at row `start`; for a text all units from there on, since
    its rows are found by reading alone."""

    source: Source
    start: int = 0


@dataclass(frozen=True, slots=True)
class Work:
    """What a process needs to score: the job, the folder of the model, and where results go."""

    job: JobSpec
    model: Path
    output: str


class Scorer:
    """Scores tasks with the model of a folder."""

    def __init__(self, work: Work) -> None:
        self._job = work.job
        self._model = load_model(work.model)
        self._output = Output(work.output)
        contract = self._model.contract
        self._row_id = contract.roles.row_id
        self._cut = cut_for(contract, work.job.unit_rows)
        self._counts = BinCounts(contract)
        self._checkers = checkers(contract, work.job.text_length)

    def __call__(self, task: Task) -> Iterator[UnitRecord]:
        """The records of the task's units, in order; those that another runner has put there
        since the job began are taken over.

        Raises:
            BadInput: the file cannot be read, or changed since the job began.
            Failed: the disk or the model did.
        """
        source, size = task.source, self._job.unit_rows
        one = source.format == "parquet"  # its place is known, so nothing is read to find it
        if one and (record := self._output.find(self._job.unit(source.described, task.start))):
            yield record
            return
        wanted = self._wanted(source)
        read = _with_last(windows(source, wanted, task.start))
        for number, chunks in groupby(read, lambda pair: pair[0].first // size):
            name = self._job.unit(source.described, number * size)
            found = self._output.find(name)
            yield found or self._first(self._score(name, source, wanted, chunks))
            if one:
                return

    def _wanted(self, source: Source) -> Wanted:
        schema = look(source).schema
        along = {name: name for name in self._job.columns}
        if schema is None:  # JSON: whatever a row has
            return Wanted((), (), {"row_id": self._row_id} | along, self._cut)
        if self._row_id in schema.names:
            along = {"row_id": self._row_id} | along
        inputs = [spec.name for spec in self._model.contract.inputs if spec.name in schema.names]
        texts = [name for name in inputs if is_text(schema.field(name).type)]
        columns = tuple(dict.fromkeys([*inputs, *along.values()]))
        return Wanted(columns, texts, along, self._cut)

    def _score(
        self, name: str, source: Source, wanted: Wanted, chunks: Iterable[tuple[Chunk, bool]]
    ) -> UnitRecord:
        """Score the windows of a unit and write what comes of them, all but its record."""
        check = self._checkers[source.format == "csv"]
        self._counts.reset()
        with self._output.temporary() as scores, self._output.temporary() as problems:
            release = self._job.release
            predictions = Predictions(scores, self._model.contract, release, source.path)
            draft = Draft(predictions, problems, source.path)
            with explained(self._output.url), draft:
                for chunk, last in chunks:
                    checked = check(chunk)
                    score = self._scores(source, chunk, checked.for_model())
                    draft.add(chunk, checked, score, carried(chunk, checked.kept, wanted.along))
                    draft.last = last
                    self._counts.add(checked.columns, score)
            source.require_same()
            unit = Unit(
                name=name,
                path=source.path,
                **draft.counted(),
                predictions=self._put(name, scores, "parquet"),
                problems=self._put(name, problems, "jsonl") if draft.refused else None,
            )
        return UnitRecord(unit=unit, counts=self._counts.counted())

    def _scores(self, source: Source, chunk: Chunk, columns: Mapping[str, Array]) -> Array:
        """[rows], or [rows, classes]."""
        if not len(next(iter(columns.values()))):
            classes = len(self._model.contract.classes or ())
            shape = (0, classes) if self._model.contract.task == "multiclass" else (0,)
            return np.empty(shape, np.float32)
        try:
            return self._model.score(columns)
        except ScoreError as error:
            raise Failed(
                f"{source.path}: rows {chunk.first:,} to {chunk.end - 1:,}: {error}. The contract "
                "allows these rows, so the release is at fault"
            ) from error

    def _put(self, name: str, file: Path, suffix: str) -> Written:
        sha256 = file_sha256(file)
        place = f"{UNITS}/{name}-{sha256[:16]}.{suffix}"
        self._output.put(place, file)
        return Written(file=place, sha256=sha256)

    def _first(self, record: UnitRecord) -> UnitRecord:
        """Put the record there; that of somebody who was faster counts instead."""
        own = record.unit
        if self._output.put_first(f"{UNITS}/{own.name}.json", render(record)):
            return record
        record = self._output.record(own.name)
        first = record.unit
        for mine, other in ((own.predictions, first.predictions), (own.problems, first.problems)):
            if mine is not None and mine != other:
                self._output.remove(mine.file)  # last bits differ between processors
        return record


def _with_last(chunks: Iterator[Chunk]) -> Iterator[tuple[Chunk, bool]]:
    """Each with whether it is the last."""
    before = next(chunks, None)
    for chunk in chunks:
        assert before is not None
        yield before, False
        before = chunk
    if before is not None:
        yield before, True
