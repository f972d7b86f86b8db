"""Stages run again in a folder of their own, by a small engine that does as the model says."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from delivery.errors import HeldError
from delivery.evidence.supply_chain.training import refit
from delivery.evidence.supply_chain.training.refit import Refitting, UnrepeatableError
from delivery.storage.checkout import Checkout
from tests.origin import make_origin

PIPELINE = """\
stages:
  train:
    deps: [artifacts/data/train.parquet, model/]
    outs: [artifacts/trained/, artifacts/sealed/train.json]
  export:
    deps: [artifacts/trained/, artifacts/data/validation.parquet]
    outs: [artifacts/model/]
"""
# What `pipeline.sealed` is to this module: a program that gets a stage.
ENGINE = """\
import runpy, sys

assert sys.argv[1] == "--again"
runpy.run_path("model/stage.py", {"stage": sys.argv[2]})
"""
FITS = """\
from pathlib import Path

made = Path("artifacts/model" if stage == "export" else "artifacts/trained")
made.mkdir(parents=True)
(made / stage).write_bytes(Path("artifacts/data/train.parquet").read_bytes())
"""
Again = Callable[..., Refitting]


@pytest.fixture
def again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Again:
    """`stage` is the code of the model; where it lies, and with what engine."""
    origin = make_origin(tmp_path)
    data = tmp_path / "data"
    data.mkdir()
    for split in ("train", "validation", "holdout"):
        (data / f"{split}.parquet").write_text(split)

    def make(stage: str = FITS, pipeline: str = PIPELINE, params: str = "{}\n") -> Refitting:
        code = tmp_path / "engine"
        (code / "pipeline" / "sealed").mkdir(parents=True)
        for package in ("pipeline", "pipeline/sealed"):
            (code / package / "__init__.py").touch()
        (code / "pipeline" / "sealed" / "__main__.py").write_text(ENGINE)
        (code / "dvc.yaml").write_text(pipeline)
        monkeypatch.setattr(refit, "CODE", code)
        commit = origin.push({"model/stage.py": stage, "params.yaml": params})
        folder = tmp_path / "again"
        folder.mkdir()
        return Refitting(Checkout(origin.path, lambda _: None), commit, data, folder)

    return make


def test_the_model_is_made_from_the_commit_and_its_data_alone(again: Again) -> None:
    made = again()
    (made.checkout.root / "model" / "stage.py").write_text("raise SystemExit('of the work tree')")
    made.run(minutes=1)
    assert (made.model / "export").read_text() == "train"
    laid_out = {path.name for path in (made.folder / "artifacts" / "data").iterdir()}
    assert laid_out == {"train.parquet", "validation.parquet"}
    assert not (made.folder / "pipeline").exists()


@pytest.mark.parametrize("more", ["artifacts/data/holdout.parquet", "artifacts/data/raw.parquet",
                                  "artifacts/data/", "artifacts/"])  # fmt: skip
def test_a_pipeline_that_shows_the_answers_to_a_stage_is_refused(again: Again, more: str) -> None:
    made = again(pipeline=PIPELINE.replace("model/]", f"model/, {more}]", 1))
    with pytest.raises(UnrepeatableError, match="lets a stage that sees the model read"):
        made.run(minutes=1)
    assert not made.model.exists()


@pytest.mark.parametrize(
    ("stage", "kind"),
    [
        ("import sys; print('first'); sys.exit('at last: no such file')", UnrepeatableError),
        ("import sys; print('at last: no such file', file=sys.stderr); sys.exit(2)",
         UnrepeatableError),
        ("import sys; print('at last: no such file', file=sys.stderr); sys.exit(4)", HeldError),
        ("import sys; print('at last: no such file', file=sys.stderr); sys.exit(137)", HeldError),
    ],
)  # fmt: skip
def test_how_a_stage_ends_says_whose_fault_it_is(
    again: Again, stage: str, kind: type[Exception]
) -> None:
    """2 is the model's; 4 a kernel that cannot seal; beyond 128 it was killed."""
    with pytest.raises(kind, match=r"^at last: no such file$") as caught:
        again(stage).run(minutes=1)
    assert type(caught.value) is kind


def test_past_its_time_nothing_goes_on(again: Again, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    sleeper = f"import os, subprocess, sys, time\nopen({str(note)!r}, 'w').write(str(os.getpid()))"
    stage = f"{sleeper}\nsubprocess.run([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    with pytest.raises(HeldError, match=r"gates\.sealed\.minutes"):
        again(stage).run(minutes=2 / 60)
    assert note.exists(), "it had begun"
    assert not psutil.pid_exists(int(note.read_text()))
    deadline = time.monotonic() + 30
    while any(_sleeps(child) for child in psutil.Process(os.getpid()).children(recursive=True)):
        assert time.monotonic() < deadline


def _sleeps(process: psutil.Process) -> bool:
    """False for one that has ended, also where nobody has waited for it yet."""
    with suppress(psutil.Error):
        return "time.sleep(600)" in " ".join(process.cmdline())
    return False


def test_an_input_that_git_has_not_comes_from_the_store(
    again: Again, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`train.inputs` may be kept by DVC; one that git has is not asked for."""
    asked = []

    def get(self: object, commit: str, path: str, place: Path) -> None:
        asked.append(path)
        shutil.copyfile(__file__, place)

    monkeypatch.setattr("delivery.storage.store.Store.get", get)
    inputs = "train: {inputs: [model/stage.py, model/weights.bin]}\n"
    made = again(FITS + "assert Path('model/weights.bin').stat().st_size\n", params=inputs)
    made.run(minutes=1)
    assert asked == ["model/weights.bin"]
