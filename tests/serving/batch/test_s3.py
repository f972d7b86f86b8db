"""Jobs whose input and output lie in an S3: a real driver, HTTP, and a server that keeps S3's rules
for conditional puts. The server is moto's; no store of a provider was tried."""

from __future__ import annotations

import json
import os
import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from delivery.bento.environment import locked_environment
from delivery.errors import TargetError
from serving.contract import Task
from tests.checkout import ROOT
from tests.delivery.bentos import shared_bench
from tests.serving.batch.jobs import published, refused, run_job, write_rows
from tests.serving.batch.relay import Relay
from tests.serving.batch.s3 import S3, job, serving

pytestmark = [pytest.mark.clients, pytest.mark.e2e]
LOCK = ROOT / "requirements" / "stores.lock"
KILLS = 50 if os.environ.get("THOROUGH") else 4
UNITS = 30  # of three files
RACE = """
import sys
from serving.batch.writing.output import Output
output = Output("s3://data/race")
output.manifest()  # it is connected
print("ready", flush=True)
sys.stdin.readline()
for number in range(20):
    if output.put_first(f"units/{number}.json", sys.argv[1]):
        print(number, sys.argv[1])
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the libraries of batch and the driver of S3."""
    if not LOCK.is_file():
        pytest.skip("deleted: template.yml lets a repository do without")
    try:
        return locked_environment(LOCK, shared_bench(tmp_path_factory).folder / "envs")
    except TargetError as error:
        pytest.skip(f"requirements/stores.lock cannot be installed here: {error}")


@pytest.fixture(scope="module")
def s3(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    with serving(python, tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of each format, with rows that are refused."""
    folder = tmp_path_factory.mktemp("inputs")
    for seed, suffix in enumerate(("parquet", "csv", "jsonl")):
        hour = [24 if row % 50 == 7 else row % 24 for row in range(400)]
        write_rows(folder / f"in.{suffix}", 400, seed=seed, hour=hour)
    return folder


@pytest.fixture(scope="module")
def straight(
    models: dict[Task, Path], inputs: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """What a run on a disk makes of them."""
    output = tmp_path_factory.mktemp("straight") / "out"
    run_job(models["binary"], inputs, output, unit_rows=40)
    return output


def assert_as_straight(s3: S3, prefix: str, straight: Path, folder: Path) -> None:
    output = s3.download(prefix, folder)
    assert published(output).equals(published(straight))
    assert refused(output) == refused(straight)


def finish(runner: subprocess.Popen[str], seconds: float = 240) -> str:
    """Its errors; it has to succeed."""
    _, errors = runner.communicate(timeout=seconds)
    assert runner.returncode == 0, errors
    return errors


def until(runner: subprocess.Popen[str], rows: int) -> None:
    """Wait until a run has so many rows, or has ended."""
    assert runner.stdout is not None
    for line in runner.stdout:
        if json.loads(line).get("progress", {"rows": rows})["rows"] >= rows:
            return


def test_two_runners_share_the_units(
    s3: S3, models: dict[Task, Path], inputs: Path, straight: Path, tmp_path: Path
) -> None:
    """Files here are cut into more tasks than there are texts: most units are of Parquet."""
    place = s3.upload(inputs, "shared-in")
    asked = job(models["binary"], place, "s3://data/shared")
    for runner in [s3.start(*asked, "--processes", processes) for processes in ("1", "2")]:
        finish(runner)
    assert_as_straight(s3, "shared", straight, tmp_path)
    assert len([key for key in s3.keys("shared/units/") if key.endswith(".json")]) == UNITS
    assert s3.puts(r"/shared/units/\w+\.json") < 1.7 * UNITS


def test_of_many_that_put_one_name_the_first_wins(s3: S3, tmp_path: Path) -> None:
    racers = [s3.start("-c", RACE, who) for who in ("one", "two", "three")]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    wins = [line.split() for racer in racers for line in racer.communicate()[0].splitlines()]
    assert sorted(int(number) for number, _ in wins) == list(range(20))
    there = s3.download("race", tmp_path) / "units"
    assert {(file.stem, file.read_text()) for file in there.iterdir()} == set(map(tuple, wins))
    assert s3.puts(r"/race/units/\d+\.json") == 60, "each was refused by the store"


def test_sigkill_at_random_times_loses_and_doubles_no_row(
    s3: S3, models: dict[Task, Path], inputs: Path, straight: Path, tmp_path: Path
) -> None:
    asked = job(models["binary"], s3.upload(inputs, "killed-in"), "s3://data/killed")
    dice, done = random.Random(7), set()
    for kill in range(KILLS):
        runner = s3.start(*asked, "--processes", "1")
        until(runner, 40 * round(UNITS * dice.random() * (kill + 1) / KILLS))
        time.sleep(dice.uniform(0, 0.1))
        runner.kill()
        runner.communicate()
        done.add(len(s3.keys("killed/units/")))
    assert len(done) > KILLS // 2, f"kills at different places: {done}"
    finish(s3.start(*asked, "--processes", "1"))
    assert_as_straight(s3, "killed", straight, tmp_path)


def test_a_store_that_is_away_for_seconds(
    s3: S3, models: dict[Task, Path], inputs: Path, straight: Path, tmp_path: Path
) -> None:
    """It is waited for. One that stays away fails the job, and the same command goes on."""
    place = s3.upload(inputs, "away-in")
    relay = Relay(s3.port)
    asked = job(models["binary"], place, "s3://data/away", "--processes", "1")
    try:
        impatient = s3.start(*asked, port=relay.port, AWS_MAX_ATTEMPTS="2")
        until(impatient, 200)
        relay.cut()
        _, errors = impatient.communicate(timeout=240)
        assert impatient.returncode == 5, errors
        assert errors.splitlines()[-1].startswith("error: ")
        assert "Could not connect" in errors or "closed" in errors
        assert "run the same command again" in errors
        relay.mend()
        waiting = s3.start(*asked, port=relay.port)
        until(waiting, 600)
        relay.cut()
        time.sleep(3)
        relay.mend()
        finish(waiting)
    finally:
        relay.cut()
    assert_as_straight(s3, "away", straight, tmp_path)


def test_an_object_that_changes_meanwhile_is_noticed_in_a_slow_store(
    python: Path, models: dict[Task, Path], inputs: Path, tmp_path: Path
) -> None:
    with serving(python, tmp_path, delay=0.1) as slow:
        place = slow.upload(inputs, "in")
        asked = job(models["binary"], place, "s3://data/out", "--processes", "1")
        runner = slow.start(*asked)
        until(runner, 80)
        for file in inputs.iterdir():
            slow.put(f"in/{file.name}", file.read_bytes() + b"\n")
        _, errors = runner.communicate(timeout=240)
        assert runner.returncode == 2, errors
        assert "changed while it was read" in errors
        assert "data/out/manifest.json" not in slow.keys("")


def test_who_is_refused_is_told(
    python: Path, models: dict[Task, Path], inputs: Path, tmp_path: Path
) -> None:
    setting_up = 2 + len(list(inputs.iterdir()))
    environ = {"INITIAL_NO_AUTH_ACTION_COUNT": str(setting_up)}
    with serving(python, tmp_path, **environ) as closed:
        place = closed.upload(inputs, "in")
        runner = closed.start(*job(models["binary"], place, "s3://data/out"))
        _, errors = runner.communicate(timeout=240)
    assert runner.returncode == 5
    assert "access is refused" in errors
    assert "Traceback" not in errors


def test_a_bucket_that_is_not_there_is_not_made(
    s3: S3, models: dict[Task, Path], inputs: Path
) -> None:
    place = s3.upload(inputs, "typo-in")
    runner = s3.start(*job(models["binary"], place, "s3://typo/out", "--processes", "1"))
    _, errors = runner.communicate(timeout=240)
    assert runner.returncode == 5
    assert "s3://typo/out" in errors
    assert "bucket does not exist" in errors
    assert s3.puts(r"/typo/?") == 0
