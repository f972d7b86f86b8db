"""Fixture models run through the stages in process, each in a folder of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipeline.evaluate import evaluate
from pipeline.export.stage import export
from pipeline.ingest import ingest
from pipeline.prepare import prepare
from pipeline.settings import Settings, read_settings
from pipeline.sources import sources
from pipeline.train import train
from tests.checkout import put_model

STAGES = {
    "sources": sources,
    "ingest": ingest,
    "prepare": prepare,
    "train": train,
    "evaluate": evaluate,
    "export": export,
}


@dataclass(frozen=True)
class Workspace:
    """A folder with a model, which is the current one."""

    path: Path

    def settings(self, **changes: Any) -> Settings:
        """params.yaml with dotted paths (`__` for a dot) changed; the file keeps the change."""
        yaml = YAML()
        file = self.path / "params.yaml"
        content = yaml.load(file)
        for path, value in changes.items():
            *parents, last = path.split("__")
            place = content
            for name in parents:
                place = place.setdefault(name, {})
            place[last] = value
        yaml.dump(content, file)
        return read_settings()

    def run(self, last: str = "export", **changes: Any) -> Settings:
        """Run the stages up to `last`."""
        settings = self.settings(**changes)
        for name, stage in STAGES.items():
            stage(settings)
            if name == last:
                break
        return settings

    def write_model(self, text: str) -> None:
        """Replace model/__init__.py."""
        forget_model()
        (self.path / "model" / "__init__.py").write_text(text, encoding="utf-8")


def forget_model() -> None:
    """Let the next import of `model` be a fresh one."""
    for name in [n for n in sys.modules if n == "model" or n.startswith("model.")]:
        del sys.modules[name]


@pytest.fixture
def workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Workspace]]:
    """Make the named fixture model current."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def make(model: str = "minimal") -> Workspace:
        put_model(tmp_path, model)
        monkeypatch.chdir(tmp_path)
        monkeypatch.syspath_prepend(str(tmp_path))
        forget_model()
        return Workspace(tmp_path)

    yield make
    forget_model()
