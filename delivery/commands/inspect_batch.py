"""`delivery inspect --batch OUTPUT`: are results what their manifest says, and who made them?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from delivery.bento.batch import whole
from delivery.context import Context
from delivery.errors import DeliveryError, InputError, TargetError
from delivery.state.snapshot import Snapshot
from serving.batch.documents import Manifest, Written, model_sha256
from serving.batch.errors import BadInput, BatchError
from serving.batch.writing.output import Output

SHOWN = 20  # files of the input


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    ok: bool
    found: str


@dataclass(frozen=True, slots=True)
class InspectBatchResult:
    """What was checked, and where the results come from."""

    output: str
    release: str
    findings: tuple[Check, ...]
    facts: tuple[tuple[str, str], ...]

    @property
    def problems(self) -> tuple[Check, ...]:
        return tuple(finding for finding in self.findings if not finding.ok)


def inspect_batch(context: Context, address: str, *, offline: bool = False) -> InspectBatchResult:
    """Check every file that a manifest names by its hash, and the model by the record on main.

    Raises:
        InputError: nothing was published there.
        TargetError: the place cannot be read.
    """
    snapshot = context.snapshot(fetch=not offline)
    try:
        output = Output(whole(address))
        manifest = output.manifest()
        if manifest is None:
            raise InputError(
                f"{address} has no manifest.json, so nothing is published there. "
                "`delivery batch run` publishes when all rows are scored."
            )
        context.progress(f"reading {len(manifest.units)} units")
        findings = (_files(output, manifest), _rows(manifest), _model(snapshot, manifest))
    except BatchError as error:
        kind = InputError if isinstance(error, BadInput) else TargetError
        raise kind(str(error)) from error
    return InspectBatchResult(address, manifest.job.release, findings, tuple(_facts(manifest)))


def _files(output: Output, manifest: Manifest) -> Check:
    files = list(_written(manifest))
    for written in files:
        sha256 = output.sha256(written.file)
        if sha256 is None:
            return Check("files", False, f"{written.file} is gone")
        if sha256 != written.sha256:
            return Check("files", False, f"{written.file} has other bytes than were published")
    return Check("files", True, f"{len(files)} files have the published hash")


def _written(manifest: Manifest) -> Iterable[Written]:
    for unit in manifest.units:
        yield unit.predictions
        if unit.problems:
            yield unit.problems


def _rows(manifest: Manifest) -> Check:
    """Do the units follow on each other, so that no row is left out or there twice?"""
    ends: dict[str, int] = {}
    for unit in sorted(manifest.units, key=lambda unit: (unit.path, unit.start)):
        end = ends.get(unit.path, 0)
        if unit.start != end:
            return Check("rows", False, f"{unit.path}: a unit begins at {unit.start}, not at {end}")
        ends[unit.path] = unit.end
    rows = sum(unit.rows for unit in manifest.units)
    if rows != manifest.totals.rows:
        return Check("rows", False, f"units have {rows:,}, the manifest {manifest.totals.rows:,}")
    return Check("rows", True, f"{rows:,}, each in one unit")


def _model(snapshot: Snapshot, manifest: Manifest) -> Check:
    """Are the files of the model those of the release's record?"""
    try:
        record = snapshot.record(manifest.job.release)
    except DeliveryError as error:
        return Check("model", False, str(error))
    if dict(record.model) != dict(manifest.files):
        return Check("model", False, f"not the files that the record of {record.id} has")
    if manifest.job.model != model_sha256(manifest.files):
        return Check("model", False, "units were named after another model")
    return Check("model", True, f"{len(manifest.files)} files, as the record has them")


def _facts(manifest: Manifest) -> Iterable[tuple[str, str]]:
    totals = manifest.totals
    yield "input", manifest.address
    for source in manifest.sources[:SHOWN]:
        yield f"  {source.path}", f"{source.size:,} bytes, version {source.version[:16]}"
    if (more := len(manifest.sources) - SHOWN) > 0:
        yield "  and", f"{more} more"
    yield "rows", f"{totals.rows:,}: {totals.scored:,} scored, {totals.refused:,} refused"
    yield "model", manifest.job.model
    yield "published", manifest.made
