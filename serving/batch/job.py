"""A job: files to scored rows, each row once, published when all is there.

Whoever runs it again goes on where it was: a unit that has a record is done. Several may run it at
the same time and share the units: of each the first record counts, and so does the first manifest.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from serving.batch.checking.checker import checkers
from serving.batch.counts import input_shifts, merged, score_shift
from serving.batch.documents import (
    JobSpec,
    Manifest,
    Progress,
    SourceFile,
    Totals,
    UnitRecord,
    model_sha256,
    render,
)
from serving.batch.errors import BadInput, Held, Refused
from serving.batch.plan import Plan, look_at, make_plan
from serving.batch.processes import scored
from serving.batch.reading.sources import Format, absolute, find_sources
from serving.batch.scorer import Work
from serving.batch.writing.output import MANIFEST, Output
from serving.contract import Contract, read_contract
from serving.digests import file_hashes
from serving.settings.policy import TEXT_LENGTH

UNIT = 262_144  # rows
ENOUGH = 10_000  # rows after which a job gives up early: before, a few bad ones say little
Tell = Callable[[Progress | Manifest], None]


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks for. `format` is that of the input where names do not say it. A share of
    more than `max_refused` of the rows fails the job; `holds` keeps results back where the scores
    moved much."""

    input: str
    output: str
    model: Path
    release: str
    columns: tuple[str, ...] = ()
    format: Format | None = None
    unit_rows: int = UNIT
    text_length: int = TEXT_LENGTH
    max_refused: float = 0.01
    holds: bool = False
    processes: int = 1


def run(request: Request, tell: Tell) -> Manifest:
    """Score what is not scored yet, judge and publish. `tell` hears how far it is, and what would
    be published before it is judged.

    Raises:
        BadInput: the input, the output or an option is not as it must be.
        Refused: more rows than allowed do not fit the contract.
        Held: the scores moved much.
        Failed: a disk, a store or the model failed.
    """
    files, output = file_hashes(request.model), Output(request.output)
    contract = read_contract(request.model)
    _require_apart(request)
    sources = find_sources(request.input, request.format)
    job = JobSpec(
        release=request.release,
        model=model_sha256(files),
        columns=request.columns,
        unit_rows=request.unit_rows,
        text_length=request.text_length,
    )
    described = tuple(source.described for source in sources)

    def published() -> Manifest | None:
        manifest = output.manifest()
        if manifest and not (manifest.job == job and manifest.sources == described):
            raise BadInput(
                f"{request.output} has what {manifest.job.release} made of {manifest.address} on "
                f"{manifest.made}: another job, or the input was another. Name another OUTPUT"
            )
        return manifest

    if found := published():
        tell(found)
        return found
    rows = look_at(sources, request.columns, checkers(contract, request.text_length))
    output.prepare()
    plan = make_plan(job, rows, output)
    work = Work(job, request.model, request.output)
    records = sorted(_scored(request, work, plan, tell), key=_place)
    for source in sources:
        source.require_same()
    manifest = _manifest(request, job, files, described, records, contract)
    tell(manifest)
    _judge(manifest, request)
    output.require_all(manifest.units)
    if output.put_first(MANIFEST, render(manifest)):
        return manifest
    return published() or manifest


def _manifest(
    request: Request,
    job: JobSpec,
    files: Mapping[str, str],
    sources: tuple[SourceFile, ...],
    records: Sequence[UnitRecord],
    contract: Contract,
) -> Manifest:
    """What was made of what, and how far it lies from training."""
    counts = merged(record.counts for record in records)
    units = tuple(record.unit for record in records)
    return Manifest(
        job=job,
        address=request.input,
        files=files,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        sources=sources,
        units=units,
        totals=_totals(records),
        reasons=dict(sum((Counter(unit.reasons) for unit in units), Counter()).most_common()),
        score=score_shift(contract, counts) if counts else None,
        inputs=input_shifts(contract, counts) if counts else (),
    )


def _scored(request: Request, work: Work, plan: Plan, tell: Tell) -> Iterator[UnitRecord]:
    """All records, those of earlier runs first."""
    begun, before = time.monotonic(), _totals(plan.done)
    rows, refused = before.rows, before.refused

    def progress() -> Progress:
        seconds = time.monotonic() - begun
        return Progress(
            rows=rows, before=before.rows, total=plan.rows, refused=refused, seconds=seconds
        )

    yield from plan.done
    tell(progress())
    # Each runner in another order, so that those of one output rarely meet at a unit.
    tasks = random.sample(plan.tasks, len(plan.tasks))
    for record in scored(tasks, work, request.processes):
        rows += record.unit.rows
        refused += record.unit.refused
        yield record
        tell(progress())
        if rows >= ENOUGH:
            _limit(rows, refused, request)


def _totals(records: Sequence[UnitRecord]) -> Totals:
    return Totals(
        rows=sum(record.unit.rows for record in records),
        scored=sum(record.unit.scored for record in records),
        refused=sum(record.unit.refused for record in records),
    )


def _judge(manifest: Manifest, request: Request) -> None:
    """Refused or Held where the results must not be published."""
    totals = manifest.totals
    _limit(totals.rows, totals.refused, request)
    if request.holds and manifest.moved and manifest.score:
        raise Held(
            f"the scores moved much: a population stability index of {manifest.score.psi:.2f} "
            f"against the reference. The results are in {request.output}, and no manifest names "
            "them. Look at the report; the same command with `--drift report` publishes them"
        )


def _limit(rows: int, refused: int, request: Request) -> None:
    if refused > request.max_refused * rows:
        raise Refused(
            f"{refused:,} of {rows:,} rows do not fit the contract, and --max-refused allows "
            f"{request.max_refused:.2%}. {request.output}/units/*.jsonl says why. What is done is "
            "kept: mend the input, or allow more and run again"
        )


def _require_apart(request: Request) -> None:
    """BadInput where results would be taken for input."""
    inside, outside = absolute(request.output).rstrip("/"), absolute(request.input).rstrip("/")
    if f"{inside}/".startswith(f"{outside}/"):
        raise BadInput(f"{request.output} lies in the input, so results would be scored as well")


def _place(record: UnitRecord) -> tuple[str, int]:
    return record.unit.path, record.unit.start
