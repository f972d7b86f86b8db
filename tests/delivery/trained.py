"""A checkout whose model was really trained: git, DVC and all stages, without a seal.

The stages share one process: a start of Python costs more than a stage of the minimal model.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

from delivery.storage.dvc import opened
from pipeline.sealed.plan import plan
from pipeline.sealed.statement import Statement, hashes, this_platform, write
from tests.checkout import ROOT, make_checkout
from tests.origin import Origin

STAGES = ("sources", "ingest", "prepare", "train", "evaluate", "export")
SEALED = STAGES[3:]
RUN = """
import importlib, sys
from pipeline.settings import read_settings

for name in sys.argv[1:]:
    home = "pipeline.export.stage" if name == "export" else f"pipeline.{name}"
    getattr(importlib.import_module(home), name)(read_settings())
"""


@dataclass(frozen=True)
class Trained:
    """A checkout with its origin."""

    origin: Origin

    @property
    def path(self) -> Path:
        return self.origin.path

    @property
    def model(self) -> Path:
        return self.path / "artifacts" / "model"

    def train(self, *stages: str, **said: object) -> None:
        """Run stages and write down that they were sealed, which is forged; `said` is put into
        the statements."""
        command = [sys.executable, "-c", RUN, *stages]
        environment = os.environ | {"PYTHONPATH": f"{self.path}{os.pathsep}{ROOT}"}
        subprocess.run(command, cwd=self.path, env=environment, check=True, timeout=300)
        with chdir(self.path):
            for stage in SEALED:
                state(stage, said)

    def commit(self) -> str:
        """Put what lies in artifacts/ on main, by its hashes."""
        with chdir(self.path), opened(self.path) as repo:
            repo.commit(force=True)
        return self.origin.push({}, "Train")


def state(stage: str, said: Mapping[str, object]) -> None:
    """Write the statement of a sealed stage in the current folder."""
    planned = plan(stage, Path())
    read, wrote = hashes([*planned.reads, Path("model")]), hashes(planned.writes)
    held = ["files", "network"]
    file = planned.statement
    write(file, Statement(stage, held, planned.sources, read, wrote, this_platform()))
    file.write_text(json.dumps(json.loads(file.read_text()) | said), encoding="utf-8")


def make_trained(folder: Path, model: str = "minimal", more: str = "") -> Trained:
    """The fixture model, with `more` at the end of its code; nothing has run yet."""
    path, bare = make_checkout(folder / "checkout", model), folder / "origin.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", str(bare)], check=True)
    made = Trained(Origin(path, bare))
    made.origin.git("remote", "add", "origin", str(bare))
    code = (path / "model" / "__init__.py").read_text(encoding="utf-8")
    made.origin.push({"model/__init__.py": code + more}, "Start")
    return made
