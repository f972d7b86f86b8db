"""Jobs over small files: what a run publishes, and its rows."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from serving.batch.documents import Manifest, Progress, SourceFile
from serving.batch.job import Request, run
from serving.batch.reading.sources import Source, find_sources
from tests.checkout import ROOT
from tests.serving.tiny import tiny_frame

RELEASE = "r-0123456789ab"
NEWS = "progress", "report"


def source_of(file: Path) -> Source:
    """A file as a job finds it."""
    return find_sources(str(file))[0]


def write_rows(file: Path, rows: int = 300, seed: int = 0, **replaced: Any) -> Path:
    """Rows of the tiny model in a file of the format that its name says. `replaced` are columns."""
    frame = tiny_frame(rows, seed=seed).drop(columns=["late", "when"]).assign(**replaced)
    if file.suffix == ".parquet":
        frame.to_parquet(file, row_group_size=max(1, rows // 3))
    elif file.suffix == ".csv":
        frame.to_csv(file, index=False)
    else:
        frame.to_json(file, orient="records", lines=True)
    return file


def run_job(model: Path, place: Path, output: Path, **asked: Any) -> Manifest:
    """A run in this process; nobody hears how far it is."""
    fields: dict[str, Any] = {"unit_rows": 100, "max_refused": 1.0} | asked
    request = Request(str(place), str(output), model, RELEASE, **fields)
    return run(request, lambda _: None)


def command(model: Path, place: Path, output: Path, *options: str) -> list[str]:
    """A run in a process of its own."""
    paths = [str(place), str(output), "--release", RELEASE, "--model", str(model)]
    return [sys.executable, "-m", "serving.batch", *paths, *options]


def call(model: Path, place: Path, output: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    asked = command(model, place, output, *options)
    return subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


def news(stdout: str) -> tuple[list[Progress], list[Manifest]]:
    """What a run printed."""
    lines = [json.loads(line) for line in stdout.splitlines()]
    return (
        [Progress.model_validate(line["progress"]) for line in lines if "progress" in line],
        [Manifest.model_validate(line["report"]) for line in lines if "report" in line],
    )


def published(output: Path) -> pa.Table:
    """The rows that the manifest names, in the order of files and rows."""
    manifest = Manifest.model_validate_json((output / "manifest.json").read_text())
    parts = [pq.read_table(output / unit.predictions.file) for unit in manifest.units]
    return pa.concat_tables(parts).unify_dictionaries()


def refused(output: Path) -> list[dict[str, Any]]:
    """The refused values that the manifest names."""
    manifest = Manifest.model_validate_json((output / "manifest.json").read_text())
    files = [unit.problems.file for unit in manifest.units if unit.problems]
    lines = [line for file in files for line in (output / file).read_text().splitlines()]
    return [json.loads(line) for line in lines]


def names(folder: Path) -> set[str]:
    """All files below a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def described(path: str = "a.parquet", version: str = "1") -> SourceFile:
    return SourceFile(path=path, format="parquet", version=version, size=1)


def scores(table: pa.Table) -> Sequence[float]:
    values: Sequence[float] = table.column("score").to_pylist()
    return values
