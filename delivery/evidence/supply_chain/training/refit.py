"""Fit and export a commit's model again, sealed, in a folder that holds what it may read.

The engine is that of this command, never the commit's: `pipeline/` and dvc.yaml as they lie beside
`delivery/`. The holdout and the raw table are not laid out at all.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from delivery.bento.bento import Bento
from delivery.bento.build import build
from delivery.documents import parse_yaml
from delivery.errors import HeldError, InputError
from delivery.release.candidate import INSIDE, there
from delivery.release.training import STAGES
from delivery.storage.checkout import Checkout

ARTIFACTS = "artifacts"
CODE = Path(__file__).resolve().parents[4]
SHUT = ("artifacts/data/holdout.parquet", "artifacts/data/raw.parquet")
PARAMS, PIPELINE = "params.yaml", "dvc.yaml"
UNSEALED = 4  # how `pipeline.sealed --again` ends where the kernel cannot seal
SIGNAL = 128  # beyond it a stage was killed, as for want of memory
TOO_LONG = (
    "running {stage} again took longer than gates.sealed.minutes allows: raise it in delivery.yaml"
)


class UnrepeatableError(InputError):
    """A stage that reads only what a sealed stage may does not run."""


@dataclass(frozen=True)
class Refitting:
    """The model of `commit`, fitted again in `folder`, which is empty to begin with. `data` has
    train and validation.parquet of that commit."""

    checkout: Checkout
    commit: str
    data: Path
    folder: Path

    @property
    def model(self) -> Path:
        return self.folder / ARTIFACTS / "model"

    @property
    def statement(self) -> Mapping[str, Any]:
        """What the fit says of itself."""
        file = self.folder / ARTIFACTS / "sealed" / "train.json"
        content: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return content

    def run(self, minutes: float) -> None:
        """Lay out, fit, export.

        Raises:
            UnrepeatableError: a stage fails, or asks for the holdout.
            HeldError: the kernel cannot seal, or `minutes` are over.
            StoreError: bytes of the commit cannot be had.
        """
        self._lay_out()
        left = minutes * 60
        for stage in STAGES:
            self.checkout.progress(f"running {stage} again, sealed")
            left -= self._stage(stage, left)

    def bento(self) -> Bento:
        """The commit's service around the new model. InputError if it cannot be built."""
        repository = self.checkout.repository
        repository.archive(self.commit, there(repository, self.commit, INSIDE), self.folder)
        return build(self.folder, self.folder / ".bentos")

    def _lay_out(self) -> None:
        self.checkout.repository.archive(self.commit, ("model", PARAMS), self.folder)
        (self.folder / PIPELINE).write_bytes((CODE / PIPELINE).read_bytes())
        for path in self._reads():
            if any(shut.startswith(path) for shut in SHUT):
                raise UnrepeatableError(f"{PIPELINE} lets a stage that sees the model read {path}")
            place, split = self.folder / path, self.data / Path(path).name
            place.parent.mkdir(parents=True, exist_ok=True)
            if path.startswith("artifacts/data/") and split.exists():
                place.symlink_to(split.resolve())
            else:
                self.checkout.store.get(self.commit, path, place)

    def _reads(self) -> Iterator[str]:
        """What the stages need of earlier ones, and inputs of `fit` that DVC keeps."""
        stages = _yaml(self.folder / PIPELINE)["stages"]
        made, needed = (
            {path.rstrip("/") for stage in STAGES for path in stages[stage][kind]}
            for kind in ("outs", "deps")
        )
        yield from sorted(path for path in needed - made if Path(path).parts[0] == ARTIFACTS)
        params = _yaml(self.folder / PARAMS)
        inputs = (params.get("train") or {}).get("inputs") or ()
        yield from (name for name in map(str, inputs) if not (self.folder / name).exists())

    def _stage(self, stage: str, seconds: float) -> float:
        """Run one; how many seconds it took."""
        begun = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "pipeline.sealed", "--again", stage],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(CODE)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            _, errors = process.communicate(timeout=max(seconds, 0))
        except subprocess.TimeoutExpired as error:
            raise HeldError(TOO_LONG.format(stage=stage)) from error
        finally:
            _kill(process)
        _require_done(stage, process.returncode, errors.strip())
        return time.monotonic() - begun


def _yaml(file: Path) -> dict[str, Any]:
    return parse_yaml(file.read_text(encoding="utf-8"), file.name) or {}


def _kill(process: subprocess.Popen[str]) -> None:
    """It and what it started, where it has not ended."""
    if process.poll() is None:
        with suppress(psutil.Error):
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
        process.kill()
        process.wait()


def _require_done(stage: str, code: int, errors: str) -> None:
    last = errors.splitlines()[-1] if errors else f"{stage} ended with code {code}"
    if code == UNSEALED or code > SIGNAL:
        raise HeldError(last)
    if code:
        raise UnrepeatableError(last)
