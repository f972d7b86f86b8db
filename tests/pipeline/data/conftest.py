"""A repository with a table under DVC, made once and copied."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

TABLE = Path("data/table.csv")


@dataclass(frozen=True)
class Tracked:
    """The current folder: a git repository with TABLE under DVC, and its remote."""

    remote: Path

    def forget(self) -> None:
        """As after a clone: the bytes are in the remote alone."""
        TABLE.unlink()
        shutil.rmtree(".dvc/cache")

    def change(self, text: str) -> None:
        """As an editor does: DVC's cache may be linked to the file."""
        TABLE.unlink()
        TABLE.write_text(text)


@pytest.fixture(scope="session")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tracked") / "repository"
    (folder / TABLE).parent.mkdir(parents=True)
    (folder / TABLE).write_text("a\n1\n")
    dvc = [sys.executable, "-m", "dvc"]
    for command in (
        ["git", "init", "-q", "-b", "main"],
        [*dvc, "init", "-q"],
        [*dvc, "remote", "add", "-q", "-d", "store", "../remote"],
        [*dvc, "add", "-q", str(TABLE)],
        [*dvc, "push", "-q"],
    ):
        subprocess.run(command, cwd=folder, check=True)
    return folder.parent


@pytest.fixture
def tracked(_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tracked:
    made = tmp_path / "tracked"
    shutil.copytree(_template, made, symlinks=True)
    monkeypatch.chdir(made / "repository")
    return Tracked(made / "remote")
