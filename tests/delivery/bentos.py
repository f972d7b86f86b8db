"""Real bentos of tiny models, built once per machine and session of tests, and made-up data."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from delivery.bento.build import build
from delivery.bento.server import serving
from delivery.files import locked
from delivery.gates.policy import GatesPolicy
from delivery.judgement.judge import Exam, Judgement, Subject, judge_candidate
from serving.contract import MODEL
from tests.serving.tiny import write_tiny_model

ROOT = Path(__file__).resolve().parents[2]
ROWS_A_DAY = 200
# The load gate has tests of its own; here it only has to run.
POLICY = GatesPolicy.model_validate(
    {
        "load": {
            "seconds": 1,
            "users": 2,
            "requests_per_second": 20,
            "minimum_requests": 10,
            "throughput": 0.5,
            "p95_ms": 5_000,
            "p99_ms": 5_000,
        },
        "robustness": {"rows": 500},
        "latency": {"blocks": 5, "requests": 1, "slack_ms": 5_000},
    }
)


class Pool:
    """Lends real servers as delivery.bento.server.serving does, and keeps the last few running:
    starting one takes seconds, and controls share bentos."""

    KEPT = 4

    def __init__(self) -> None:
        self._running: dict[str, tuple[str, AbstractContextManager[str]]] = {}
        self._lock = threading.Lock()

    @contextmanager
    def lend(self, bento: Path, release: str, workspace: Path) -> Iterator[str]:
        with self._lock:
            found = self._running.pop(release, None)
        if found is None:
            server = serving(bento, release, workspace)
            found = (server.__enter__(), server)
        with self._lock:
            self._running[release] = found
        yield found[0]
        self.keep(self.KEPT)

    def keep(self, count: int) -> None:
        """Stop all but the `count` servers that were lent last."""
        with self._lock:
            while len(self._running) > count:
                _, server = self._running.pop(next(iter(self._running)))
                server.__exit__(None, None, None)


@dataclass(frozen=True)
class Bench:
    """A folder for bentos, environments and the workspace of judgements."""

    folder: Path
    room: str = "workspace"

    @property
    def workspace(self) -> Path:
        return self.folder / self.room

    def apart(self, room: str) -> Bench:
        """The same bentos and environments with a workspace that remembers nothing."""
        found = Bench(self.folder, room)
        (self.workspace / "envs").mkdir(parents=True, exist_ok=True)
        found.workspace.mkdir()
        (found.workspace / "envs").symlink_to(self.workspace / "envs")
        return found

    def bento(self, name: str, write: Callable[[Path], object]) -> Subject:
        """The bento whose model folder `write` fills; built once under `name`."""
        note = self.folder / f"{name}.id"
        self.folder.mkdir(parents=True, exist_ok=True)
        with locked(self.folder / f"{name}.lock", wait=True):
            if not note.exists():
                source = lay_out(self.folder / "source" / name)
                write(source / "artifacts" / "model")
                note.write_text(build(source, self.folder / "bentos").id)
        release = note.read_text()
        return Subject(release, self.folder / "bentos" / release)

    def judge(self, candidate: Subject, champion: Subject | None, exam: Exam) -> Judgement:
        return judge_candidate(candidate, champion, exam, POLICY, self.workspace, lambda _: None)


def shared_bench(factory: pytest.TempPathFactory) -> Bench:
    """The bench that all processes of one run of tests share: each bento is built once."""
    base = factory.getbasetemp()
    return Bench((base.parent if base.name.startswith("popen-") else base) / "bench")


def lay_out(source: Path) -> Path:
    """The part of this checkout that goes into a bento, without a model."""
    shutil.rmtree(source, ignore_errors=True)
    for path in ("service.py", "bentos/online.yaml", "requirements/serving.lock"):
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, source / path)
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "serving", source / "serving", ignore=ignore)
    return source


def tiny(**variations: object) -> Callable[[Path], object]:
    """Write a tiny model; see tests.serving.tiny.Variation."""
    return lambda folder: write_tiny_model(folder, **variations)  # type: ignore[arg-type]


def altered(folder: Path) -> None:
    """A model whose graph is not the one that answered the examples."""
    write_tiny_model(folder)
    other = folder.parent / "other"
    write_tiny_model(other, noise=0.01, seed=5)
    shutil.move(other / MODEL, folder / MODEL)
    shutil.rmtree(other)


def splits(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Rows spread over days from 2013-05-01 on; the holdout starts in July, after the
    training of tiny models."""
    days = pd.Series(range(len(frame)), index=frame.index) // ROWS_A_DAY
    frame["when"] = pd.Timestamp("2013-05-01") + pd.to_timedelta(days, unit="D")
    frame["day"] = frame["when"].dt.strftime("%Y-%m-%d")
    month = frame["when"].dt.month
    return {
        "train": frame[month == 5],
        "validation": frame[month == 6],
        "holdout": frame[month >= 7],
    }


def write_splits(folder: Path, frames: dict[str, pd.DataFrame]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in frames.items():
        frame.reset_index(drop=True).to_parquet(folder / f"{name}.parquet")
    return folder
