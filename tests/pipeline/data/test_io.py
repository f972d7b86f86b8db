from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.data.io import whole
from tests.checkout import ROOT, put_model

STAGES = ("ingest", "prepare", "train", "evaluate", "export")


def stage(name: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(folder), str(ROOT)])
    return subprocess.run(
        [sys.executable, "-m", f"pipeline.{name}"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_ends_with_one_paragraph_and_code_2(name: str, tmp_path: Path) -> None:
    """No stack trace, and the next command: here for a key that params.yaml does not know."""
    put_model(tmp_path, "minimal")
    params = tmp_path / "params.yaml"
    params.write_text(params.read_text().replace("seed: 1", "sead: 1"), encoding="utf-8")
    done = stage(name, tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"{name}: params.yaml: train.sead: unknown key")
    assert "dvc repro" in done.stderr
    assert not (tmp_path / "artifacts").exists()


def test_a_bug_in_the_model_keeps_its_trace(tmp_path: Path) -> None:
    """Whoever writes model/ needs the line."""
    put_model(tmp_path, "minimal")
    text = "def load(settings): return 1 / 0\ndef fit(train, validation, settings): ...\n"
    (tmp_path / "model" / "__init__.py").write_text(text, encoding="utf-8")
    done = stage("ingest", tmp_path)
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr


def test_what_is_written_whole_replaces_the_old_one_or_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    with whole(folder) as new:
        new.mkdir()
        (new / "a").write_text("old")
    with pytest.raises(FileNotFoundError), whole(folder) as new:
        (new / "no" / "such" / "folder").write_text("half")
    assert (folder / "a").read_text() == "old"
    with whole(folder) as new:
        new.mkdir()
        (new / "b").write_text("new")
    assert [file.name for file in folder.iterdir()] == ["b"]
    assert [file.name for file in tmp_path.iterdir()] == ["folder"]
