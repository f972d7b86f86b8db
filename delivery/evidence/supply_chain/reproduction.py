"""Make a release anew: its revision in an empty folder, `dvc repro` from raw data, nothing cached.

Nothing of this checkout is used but git's objects, and DVC's remotes for raw data that lie there:
no cache, no lock, no MLflow server.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from delivery.bento.bento import Bento
from delivery.bento.build import build
from delivery.bento.client import read_examples, score_rows
from delivery.bento.digest import file_hashes
from delivery.bento.environment import locked_environment
from delivery.bento.server import serving
from delivery.documents import parse_yaml
from delivery.errors import DeliveryError, InputError
from delivery.gates.supply_chain.reproduction import Evidence, Stage
from delivery.release.candidate import this_platform
from delivery.state.record import Record
from delivery.state.snapshot import Snapshot
from delivery.storage.checkout import Checkout
from delivery.storage.dvc import lend_remotes

LOCK = "requirements/pipeline.lock"
METRICS = "artifacts/evaluation/metrics.json"
STATEMENTS = "artifacts/sealed/"  # how stages ran: another kernel holds more, or less
# What would let the person's own stores and servers take part.
LEFT_OUT = ("MLFLOW_TRACKING_URI", "DVC_CACHE_DIR", "DVC_REMOTE", "PYTHONPATH", "VIRTUAL_ENV")


def remake(checkout: Checkout, snapshot: Snapshot, record: Record, folder: Path) -> Evidence:
    """Recorded, and made anew in `folder`, which is empty to begin with.

    Raises:
        InputError: the recorded revision is not there.
    """
    level = snapshot.settings.reproduce
    made = Remake(checkout, snapshot, record, folder).run(compare_answers=level != "bytes")
    return replace(made, level=level)


@dataclass(frozen=True, slots=True)
class Remake:
    """One release being made anew in `folder`, which is empty to begin with."""

    checkout: Checkout
    snapshot: Snapshot
    record: Record
    folder: Path

    @property
    def commit(self) -> str:
        return self.record.made_from.commit

    def run(self, *, compare_answers: bool) -> Evidence:
        """Clone, run the pipeline, build the bento; what was recorded, and what came of it.

        Answers and metrics are compared where bytes differ, if `compare_answers` says so or this
        is another platform than the record's.

        Raises:
            InputError: the recorded revision is not there.
        """
        recorded = self._recorded_stages()
        try:
            self._clone()
            self._repro()
        except DeliveryError as error:
            return Evidence(recorded, (), missing=str(error))
        again = stages((self.folder / "dvc.lock").read_text(encoding="utf-8"))
        facts: dict[str, Any] = {"elsewhere": elsewhere(self.record, self._own_bento())}
        compare_answers = compare_answers or bool(facts["elsewhere"])
        same = [stage.wrote for stage in recorded] == [stage.wrote for stage in again]
        if same or compare_answers:
            self.checkout.progress("building the bento from it")
            try:
                made = build(self.folder, self.folder / ".bentos")
            except InputError as error:
                return Evidence(recorded, again, missing=str(error), **facts)
            facts["again_bento"] = file_hashes(made.path)
            facts["bento"] = file_hashes(self._own_bento())
            if not same or facts["again_bento"] != facts["bento"]:
                facts |= self._answers(made.path) if compare_answers else {}
        return Evidence(recorded, again, **facts)

    def _own_bento(self) -> Path:
        return self.checkout.bento(self.snapshot, self.record.id)

    def _recorded_stages(self) -> Sequence[Stage]:
        text = self.checkout.repository.read(self.commit, "dvc.lock")
        if text is None:
            raise InputError(
                f"{self.record.id} was made from commit {self.commit[:12]}, which is not here or "
                "has no dvc.lock. `git fetch origin`."
            )
        return stages(text)

    def _clone(self) -> None:
        self.checkout.progress(f"cloning commit {self.commit[:12]} into an empty folder")
        git = self.checkout.repository
        git.run("clone", "--quiet", "--shared", "--no-checkout", str(git.root), str(self.folder))
        git.run("-C", str(self.folder), "checkout", "--quiet", "--detach", self.commit)
        (self.folder / "dvc.lock").unlink()
        (self.folder / ".dvc" / "config.local").write_text(
            "[cache]\n    dir = cache\n", encoding="utf-8"
        )
        lend_remotes(git.root, self.folder)

    def _repro(self) -> None:
        """The whole pipeline, telling of each stage as it begins."""
        python = self._python()
        process = subprocess.Popen(
            [str(python), "-m", "dvc", "repro", "--no-run-cache"],
            cwd=self.folder,
            env=self._environ(python),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line.strip())
            if line.startswith("Running stage"):
                self.checkout.progress(line.strip().rstrip(":").lower())
        if process.wait() != 0:
            last = " | ".join([line for line in lines if line][-3:])
            raise InputError(f"`dvc repro` failed in {self.folder}: {last}")

    def _python(self) -> Path:
        """This environment, or one from the recorded lock if that is another."""
        lock = self.folder / LOCK
        if lock.read_bytes() == (self.checkout.root / LOCK).read_bytes():
            return Path(sys.executable)
        self.checkout.progress(f"installing the recorded {LOCK}")
        return locked_environment(lock, self.checkout.workspace / "envs")

    def _environ(self, python: Path) -> Mapping[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}
        path = os.pathsep.join([str(python.parent), kept.get("PATH", os.defpath)])
        return kept | {"PATH": path, "DVC_NO_ANALYTICS": "1"}

    def _answers(self, made: Path) -> dict[str, Any]:
        """How the new model answers the recorded examples, and how it did on validation."""
        self.checkout.progress("asking it the recorded examples")
        examples = read_examples(Bento(self.record.id, self._own_bento()).model)
        with serving(made, made.name, self.checkout.workspace) as url:
            answers = score_rows(url, [example.instance for example in examples])
        before = self.folder / ".recorded-metrics.json"
        self.checkout.store.get(self.commit, METRICS, before)
        return {
            "answers": np.array([example.prediction for example in examples], dtype=np.float64),
            "again_answers": answers,
            "metrics": json.loads(before.read_text(encoding="utf-8")),
            "again_metrics": json.loads((self.folder / METRICS).read_text(encoding="utf-8")),
        }


def elsewhere(record: Record, bento: Path) -> tuple[str, ...]:
    """In what this platform differs from the one that the record promises bytes for."""
    then, now = record.platform.model_dump(), this_platform(bento).model_dump()
    return tuple(f"{key} {now[key]}, recorded {then[key]}" for key in then if then[key] != now[key])


def stages(lock: str) -> Sequence[Stage]:
    """The stages of a dvc.lock, each after those whose outputs it reads."""
    content = parse_yaml(lock, "dvc.lock") or {}
    left = {
        name: Stage(name, _hashes(stage, "deps"), _hashes(stage, "outs"))
        for name, stage in content.get("stages", {}).items()
    }
    ordered: list[Stage] = []
    while left:
        written = {path for stage in left.values() for path in stage.wrote}
        ready = [stage for stage in left.values() if not written & set(stage.read)]
        if not ready:
            raise InputError("dvc.lock: its stages depend on each other in a circle")
        ordered += ready
        for stage in ready:
            del left[stage.name]
    return ordered


def _hashes(stage: Mapping[str, Any], kind: str) -> Mapping[str, str]:
    items = [item for item in stage.get(kind, ()) if not item["path"].startswith(STATEMENTS)]
    return {item["path"].rstrip("/"): str(item.get("md5")) for item in items}
