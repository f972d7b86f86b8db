"""A checkout whose stages are run by the commands of dvc.yaml, as DVC runs them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from pipeline.sealed import landlock
from tests.checkout import ROOT, put_model

needs_landlock = pytest.mark.skipif(not landlock.abi(), reason="this kernel has no Landlock")
# A model that asks no library: the import of one is most of what a run of a stage takes.
LIGHT = """\
import pandas as pd
import pyarrow.parquet

class Even:
    classes_ = (False, True)

    def predict_proba(self, rows):
        return [[0.5, 0.5]] * len(rows)

def load(settings):
    raise NotImplementedError

def fit(train, validation, settings):
    return Even()
"""
STAGES = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]


@dataclass(frozen=True)
class Place:
    """A folder with a model, dvc.yaml and params.yaml."""

    path: Path

    def run(
        self, *stages: str, inherited: Sequence[int] = (), **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run stages up to the first that fails; the last one's end."""
        done = None
        for stage in stages:
            words = STAGES[stage]["cmd"].split()[1:]
            done = self.python(*words, inherited=inherited, **environment)
            if done.returncode:
                break
        assert done is not None
        return done

    def python(
        self, *words: str, inherited: Sequence[int] = (), **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *words],
            cwd=self.path,
            env=self.environment() | environment,
            pass_fds=inherited,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def environment(self) -> Mapping[str, str]:
        kept = {name: value for name, value in os.environ.items() if "MLFLOW" not in name}
        return kept | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}

    def append(self, text: str) -> None:
        """Add to model/__init__.py."""
        file = self.path / "model" / "__init__.py"
        file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")

    def params(self, section: str, **values: object) -> None:
        """Set keys of a section of params.yaml."""
        file = self.path / "params.yaml"
        content = YAML().load(file)
        content[section].update(values)
        YAML().dump(content, file)


def make_place(path: Path, model: str) -> Place:
    put_model(path, model)
    shutil.copyfile(ROOT / "dvc.yaml", path / "dvc.yaml")
    return Place(path)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The minimal model with its data loaded and split."""
    place = make_place(tmp_path_factory.mktemp("prepared"), "minimal")
    done = place.run("ingest", "prepare")
    assert done.returncode == 0, done.stderr
    return place


@pytest.fixture(scope="session")
def all_evaluated(prepared: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = Place(tmp_path_factory.mktemp("evaluated") / "checkout")
    shutil.copytree(prepared.path, place.path)
    done = place.run("train", "evaluate")
    assert done.returncode == 0, done.stderr
    return place


@pytest.fixture
def evaluated(all_evaluated: Place, tmp_path: Path) -> Place:
    """A copy of a checkout in which the model is trained and evaluated, for one test."""
    shutil.copytree(all_evaluated.path, tmp_path / "checkout")
    return Place(tmp_path / "checkout")


@pytest.fixture
def place(prepared: Place, tmp_path: Path) -> Place:
    """A copy of it for one test."""
    shutil.copytree(prepared.path, tmp_path / "checkout")
    return Place(tmp_path / "checkout")


@pytest.fixture
def light(place: Place) -> Place:
    """The same data with a model that imports little, to train only."""
    (place.path / "model" / "__init__.py").write_text(LIGHT, encoding="utf-8")
    return place
