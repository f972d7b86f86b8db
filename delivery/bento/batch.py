"""Score files with a bento: its own `serving.batch`, in the environment of its lock for that."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from delivery.bento.bento import SOURCE, Bento
from delivery.bento.environment import BATCH_LOCK, bytecode, environment
from delivery.bento.server import PASSED
from delivery.errors import (
    DeliveryError,
    HeldError,
    InputError,
    OutsideError,
    RefusedError,
    TargetError,
)
from delivery.gates.numbers.bootstrap import Floats
from serving.batch.documents import Manifest, Progress
from serving.strict import parse

CODES: Mapping[int, type[DeliveryError]] = {
    kind.exit_code: kind for kind in (InputError, RefusedError, HeldError, OutsideError)
}
# How drivers of object stores are told who asks. Handed on where an address names a store.
STORES = ("AWS_", "AZURE_", "FSSPEC_", "GCSFS_", "GOOGLE_")


@dataclass(frozen=True, slots=True)
class Scoring:
    """What is scored, and how; serving.batch.job.Request explains the fields. None: what the bento
    takes by itself."""

    input: str
    output: str
    columns: tuple[str, ...] = ()
    input_format: str | None = None
    unit_rows: int | None = None
    text_length: int | None = None
    max_refused: float | None = None
    drift: str | None = None
    processes: int | None = None

    def arguments(self) -> list[str]:
        """The command line of `python -m serving.batch`."""
        named = {
            "--columns": ",".join(self.columns) or None,
            "--input-format": self.input_format,
            "--unit-rows": self.unit_rows,
            "--text-length": self.text_length,
            "--max-refused": self.max_refused,
            "--drift": self.drift,
            "--processes": self.processes,
        }
        options = [f"{name}={value}" for name, value in named.items() if value is not None]
        return [*options, "--", whole(self.input), whole(self.output)]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job wants to publish, or has; None where it did not come so far. `failure` is why it
    did not publish."""

    manifest: Manifest | None
    failure: DeliveryError | None


def score(bento: Bento, scoring: Scoring, envs: Path, tell: Callable[[Progress], None]) -> Outcome:
    """Run a job to its end; `tell` hears how far it is.

    Raises:
        InputError: the bento cannot score files.
        TargetError: its environment cannot be made.
    """
    if not (bento.path / BATCH_LOCK).is_file():
        raise InputError(
            f"{bento.id} cannot score files: it has no {BATCH_LOCK}. It is older than that lock, "
            "or bentos/online.yaml did not include it; `delivery release` on a main whose spec "
            "does makes one that can."
        )
    python = environment(bento.path, envs, BATCH_LOCK)
    command = [str(python), "-m", "serving.batch", "--release", bento.id, *scoring.arguments()]
    manifest: Manifest | None = None
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryFile("w+") as errors:
        job = subprocess.Popen(
            command,
            cwd=bento.path / SOURCE,
            env=_environment(python, scoring, home),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        try:
            for news in _news(job):
                if isinstance(news, Manifest):
                    manifest = news
                else:
                    tell(news)
            job.wait()
        finally:
            if job.poll() is None:
                job.terminate()
                job.wait()
        errors.seek(0)
        failure = _failure(job.returncode, errors.read()) if job.returncode else None
    return Outcome(manifest, failure)


def score_file(bento: Bento, envs: Path, rows: Sequence[Mapping[str, Any]]) -> Floats:
    """The scores of a file of `rows`: [rows] or [rows, classes], float64.

    Raises:
        RefusedError: a row does not fit the contract.
        InputError, TargetError: as `score`, or the job failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        file, output = Path(folder, "rows.jsonl"), Path(folder, "scores")
        file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
        scoring = Scoring(str(file), str(output), max_refused=0.0, processes=1)
        outcome = score(bento, scoring, envs, lambda _: None)
        if outcome.failure is not None:
            raise outcome.failure
        assert outcome.manifest is not None, "a job that did not fail has published"
        scores: list[Any] = []
        for unit in outcome.manifest.units:
            scores += pq.read_table(output / unit.predictions.file).column("score").to_pylist()
    return np.array(scores, dtype=np.float64)


def whole(address: str) -> str:
    """An address that means the same in another folder."""
    return address if "://" in address or "::" in address else str(Path(address).absolute())


def _news(job: subprocess.Popen[str]) -> Iterator[Progress | Manifest]:
    assert job.stdout is not None
    with job.stdout as lines:
        for line in lines:
            content = json.loads(line)
            if "report" in content:
                yield parse(Manifest, content["report"], source="the report of the job")
            else:
                yield parse(Progress, content["progress"], source="the progress of the job")


def _failure(code: int, errors: str) -> DeliveryError:
    """The reason is the last line that says `error:`; a bug has a trace instead."""
    lines = [line for line in errors.splitlines() if line.strip()]
    reasons = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    if code in CODES and reasons:
        return CODES[code](reasons[-1])
    last = lines[-1] if lines else "it wrote nothing"
    return TargetError(f"the job ended with {code}: {last}. What it did is kept; run it again")


def _environment(python: Path, scoring: Scoring, home: str) -> Mapping[str, str]:
    """As little as a server sees; credentials only where an address may need them."""
    passed: tuple[str, ...] = PASSED
    if any("://" in address or "::" in address for address in (scoring.input, scoring.output)):
        home = os.environ.get("HOME", home)
        passed += tuple(name for name in os.environ if name.startswith(STORES))
    return {
        **{name: os.environ[name] for name in passed if name in os.environ},
        "PATH": f"{python.parent}{os.pathsep}{os.defpath}",
        "HOME": home,
        "PYTHONPYCACHEPREFIX": str(bytecode(python)),
    }
