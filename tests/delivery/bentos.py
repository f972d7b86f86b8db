"""Real bentos of tiny models, built once per machine and session of tests, and made-up data."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import pandas as pd
import pytest

from delivery.bento.bento import MODEL as MODEL_FOLDER
from delivery.bento.bento import Bento
from delivery.bento.build import BATCH_LOCK, CHECKSUMS, LOCK, build
from delivery.bento.digest import content_sha256, file_hashes, release_id
from delivery.bento.server import serving
from delivery.bento.temporary import Servers
from delivery.evidence.evaluation import Evaluation
from delivery.evidence.predictions import Predictions
from delivery.evidence.trial import Trial
from delivery.files import locked
from delivery.gates.judgement import Judgement
from delivery.gates.policy import GatesPolicy
from delivery.gates.registry import gates_at
from delivery.judgement.proposed import judge_trial
from serving.contract import MODEL
from tests.checkout import shared_folder
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


# The gates that ask a bento; the others ask where it comes from, and what was known before.
TRIED = tuple(
    gate
    for gate in gates_at("gate")
    if gate.kind != "supply_chain" and gate.name not in ("holdout_reuse", "too_good")
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

    def bento(self, name: str, write: Callable[[Path], object]) -> Bento:
        """The bento whose model folder `write` fills; made once under `name`."""
        return self._once(name, lambda: self._with_model(name, write))

    def _once(self, name: str, make: Callable[[], str]) -> Bento:
        note = self.folder / f"{name}.id"
        self.folder.mkdir(parents=True, exist_ok=True)
        with locked(self.folder / f"{name}.lock", wait=True):
            if not note.exists():
                note.write_text(make())
        release = note.read_text()
        return Bento(release, self.folder / "bentos" / release)

    def judge(self, candidate: Bento, champion: Bento | None, evaluation: Evaluation) -> Judgement:
        with Servers(self.workspace, lambda _: None) as servers:
            predictions = Predictions(self.workspace, servers)
            trial = Trial(candidate, champion, evaluation, POLICY, predictions)
            return judge_trial(trial, TRIED)

    def _with_model(self, name: str, write: Callable[[Path], object]) -> str:
        model = self.folder / "models" / name / "model"
        write(model)
        return with_model(self._once("template", self._build).path, model)

    def _build(self) -> str:
        source = lay_out(self.folder / "source")
        write_tiny_model(source / MODEL_FOLDER)
        return build(source, self.folder / "bentos").id


def shared_bench(factory: pytest.TempPathFactory) -> Bench:
    """The bench that all processes of one run of tests share: each bento is built once."""
    return Bench(shared_folder(factory))


def with_model(bento: Path, model: Path) -> str:
    """The bento beside `bento` that has another model and is like it in all else; its id. The
    bytes are those of a build, which takes seconds: tests/delivery/bento/test_build.py."""
    folder = Path(mkdtemp(prefix=".making-", dir=bento.parent)) / "bento"
    shutil.copytree(bento, folder, ignore=lambda path, _: ["model"] * path.endswith("artifacts"))
    inside = folder / "src" / MODEL_FOLDER
    shutil.copytree(model, inside, ignore=shutil.ignore_patterns("__pycache__"))
    lines = [f"{sha256}  {name}\n" for name, sha256 in file_hashes(inside).items()]
    (folder / "src" / CHECKSUMS).write_text("".join(lines), encoding="utf-8")
    release = release_id(content_sha256(folder))
    if not (bento.parent / release).exists():
        folder.rename(bento.parent / release)
    shutil.rmtree(folder.parent)
    return release


def lay_out(source: Path) -> Path:
    """The part of this checkout that goes into a bento, without a model."""
    shutil.rmtree(source, ignore_errors=True)
    for path in ("service.py", "bentos/online.yaml", LOCK, BATCH_LOCK):
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
