"""What is left to do of a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from serving.batch.checking.checker import Checker
from serving.batch.documents import JobSpec, UnitRecord
from serving.batch.errors import BadInput
from serving.batch.reading.read import look
from serving.batch.reading.sources import Source
from serving.batch.scorer import Task
from serving.batch.writing.output import Output
from serving.batch.writing.predictions import RESERVED


@dataclass(frozen=True, slots=True)
class Plan:
    """Units that are `done`, and `tasks` for the others. `rows` is how many there are in all, None
    where a file is a text."""

    done: tuple[UnitRecord, ...]
    tasks: tuple[Task, ...]
    rows: int | None


def make_plan(job: JobSpec, rows: Mapping[Source, int | None], output: Output) -> Plan:
    """The plan for files with so many `rows`, None for texts."""
    records = output.records()
    done: list[UnitRecord] = []
    tasks: list[Task] = []
    for source, count in rows.items():
        if count is None:
            found = _beginning(job, source, output, records)
            done += found
            if not (found and found[-1].unit.last):
                tasks.append(Task(source, len(found) * job.unit_rows))
            continue
        for start in range(0, count, job.unit_rows):
            name = job.unit(source.described, start)
            if name in records:
                done.append(output.record(name))
            else:
                tasks.append(Task(source, start))
    counts = list(rows.values())
    known = [count for count in counts if count is not None]
    return Plan(tuple(done), tuple(tasks), sum(known) if len(known) == len(counts) else None)


def _beginning(
    job: JobSpec, source: Source, output: Output, records: frozenset[str]
) -> list[UnitRecord]:
    """The units of a text that are done from its first row on without a gap."""
    found: list[UnitRecord] = []
    while not (found and found[-1].unit.last):
        name = job.unit(source.described, len(found) * job.unit_rows)
        if name not in records:
            break
        found.append(output.record(name))
    return found


def look_at(
    sources: Sequence[Source], columns: tuple[str, ...], checkers: Mapping[bool, Checker]
) -> dict[Source, int | None]:
    """How many rows each file has, None for texts.

    Raises:
        BadInput: a file cannot be read, no row of it can be allowed, or it lacks a column that is
            to go along.
    """
    if taken := sorted(set(columns) & set(RESERVED)):
        raise BadInput(f"--columns: {taken[0]!r} is the name of a column of every result")
    rows: dict[Source, int | None] = {}
    for source in sources:
        layout = look(source)
        rows[source] = layout.rows
        if layout.schema is None:
            continue
        if problem := checkers[source.format == "csv"].misfit(layout.schema):
            raise BadInput(f"{source.path}: {problem}")
        for name in columns:
            if len(layout.schema.get_all_field_indices(name)) != 1:
                raise BadInput(
                    f"{source.path}: --columns asks for {name!r}, which it has not exactly once. "
                    f"It has {', '.join(layout.schema.names[:20])}"
                )
    return rows
