"""A job that is killed at any time, or runs beside another, gives the rows of a straight run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from serving.contract import Task
from tests.checkout import ROOT
from tests.serving.batch.jobs import command, names, published, refused, run_job, write_rows

KILLS = 50 if os.environ.get("THOROUGH") else 20


def inputs(folder: Path) -> Path:
    """Files of each format, with rows that are refused."""
    folder.mkdir()
    for seed, suffix in enumerate(("parquet", "csv", "jsonl")):
        hour = [24 if row % 50 == 7 else row % 24 for row in range(500)]
        write_rows(folder / f"in.{suffix}", 500, seed=seed, hour=hour)
    return folder


@pytest.mark.parametrize("seed", [1] if KILLS == 20 else [1, 2, 3])
def test_sigkill_at_random_times_loses_and_doubles_no_row(
    models: dict[Task, Path], tmp_path: Path, seed: int
) -> None:
    place, output = inputs(tmp_path / "in"), tmp_path / "out"
    asked = [models["binary"], place, output, KILLS, seed]
    done = subprocess.run(
        [sys.executable, "-m", "tests.serving.batch.killer", *map(str, asked)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["killed"] >= KILLS // 3, f"too few kills came before the end: {told}"
    assert len(set(told["units"])) > 3, f"kills at different places: {told}"
    straight = tmp_path / "straight"
    assert published(output).equals(published(straight))
    assert refused(output) == refused(straight)
    ours, theirs = (json.loads((each / "manifest.json").read_text()) for each in (output, straight))
    ours.pop("made"), theirs.pop("made")
    assert ours == theirs


def test_a_runner_that_is_killed_leaves_no_process(
    models: dict[Task, Path], tmp_path: Path
) -> None:
    rows, output = write_rows(tmp_path / "in.parquet", 20_000), tmp_path / "out"
    asked = command(models["binary"], rows, output, "--unit-rows", "20", "--processes", "2")
    with subprocess.Popen(asked, cwd=ROOT, stdout=subprocess.PIPE, text=True) as runner:
        assert runner.stdout is not None
        while json.loads(runner.stdout.readline())["progress"]["rows"] < 100:
            pass
        children = psutil.Process(runner.pid).children(recursive=True)
        assert len(children) >= 2
        runner.kill()
    _, alive = psutil.wait_procs(children, timeout=30)
    assert alive == []


def test_two_runners_do_not_disturb_each_other(models: dict[Task, Path], tmp_path: Path) -> None:
    place, output = inputs(tmp_path / "in"), tmp_path / "out"
    asked = command(models["binary"], place, output, "--unit-rows", "20", "--max-refused", "1")
    runners = [
        subprocess.Popen([*asked, "--processes", processes], cwd=ROOT, stdout=subprocess.DEVNULL,
                         stderr=subprocess.PIPE, text=True)
        for processes in ("1", "2")
    ]  # fmt: skip
    for runner in runners:
        _, errors = runner.communicate(timeout=120)
        assert runner.returncode == 0, errors
    run_job(models["binary"], place, tmp_path / "straight", unit_rows=20)
    assert published(output).equals(published(tmp_path / "straight"))
    assert names(output) == names(tmp_path / "straight")
