"""With real bentos, under load: no request is lost while the traffic moves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from delivery.bento.bento import Bento
from delivery.bento.digest import content_sha256
from delivery.demo.traffic import Plan, run
from delivery.targets.local.target import local_target
from delivery.targets.protocol import Target
from serving.contract import EXAMPLES
from tests.delivery.bentos import Bench, tiny
from tests.delivery.place import environment
from tests.delivery.running import eventually, free_port, runs

SHIFTS = 10
BOUND = 60.0  # s


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Shared by the processes of one run of tests."""
    base = tmp_path_factory.getbasetemp()
    return Bench((base.parent if base.name.startswith("popen-") else base) / "bench")


@pytest.fixture(scope="module")
def subject(bench: Bench) -> Bento:
    return bench.bento("better", tiny())


@pytest.fixture(scope="module")
def target(
    bench: Bench, subject: Bento, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    """One bento that runs as two releases, in the environment that other tests use too."""
    workspace = tmp_path_factory.mktemp("target")
    (bench.workspace / "envs").mkdir(parents=True, exist_ok=True)
    (workspace / "envs").symlink_to(bench.workspace / "envs")
    target = local_target(environment("production", free_port()), workspace)
    try:
        target.runtime.start(Bento("r-one", subject.path))
        target.runtime.start(Bento("r-two", subject.path))
        yield target
    finally:
        target.stop()


@pytest.fixture(scope="module")
def bodies(subject: Bento) -> list[bytes]:
    examples = subject.path / "src" / "artifacts" / "model" / EXAMPLES
    rows = [json.loads(line)["instance"] for line in examples.read_text().splitlines()]
    return [json.dumps({"instances": [row]}).encode() for row in rows]


def test_no_request_is_lost_across_shifts_and_a_retirement(
    target: Target, bodies: list[bytes], tmp_path: Path
) -> None:
    target.router.set_weights({"r-one": 100})
    stop, out = tmp_path / "stop", tmp_path / "out.json"

    def answered(release: str) -> int:
        found: int = json.loads(out.read_text())["releases"].get(release, 0)
        return found

    with ThreadPoolExecutor(1) as pool:
        load = pool.submit(run, Plan(target.router.url, 100.0, 4, BOUND), bodies, stop, out)
        try:
            eventually(lambda: out.exists() and answered("r-one"))
            for _ in range(SHIFTS):
                target.router.set_weights({"r-two": 100})
                target.router.set_weights({"r-one": 50, "r-two": 50})
                target.router.set_weights({"r-one": 100})
            target.router.set_weights({"r-two": 100})
            target.runtime.retire({"r-two"})
            before = answered("r-two")
            eventually(lambda: answered("r-two") > before + 50)
        finally:
            stop.touch()
        tally = load.result(timeout=BOUND)
    assert tally.failures == 0, tally.first_failure
    assert set(tally.releases) == {"r-one", "r-two"}
    assert set(target.runtime.instances()) == {"r-two"}


def test_nothing_is_written_into_a_bento_that_runs(target: Target, subject: Bento) -> None:
    assert target.runtime.instances()["r-two"].alive
    assert content_sha256(subject.path).startswith(subject.id.removeprefix("r-"))


def test_the_workers_of_a_killed_bento_do_not_stay(target: Target, subject: Bento) -> None:
    leader = target.runtime.files.server("r-two").process.leader()
    assert leader is not None
    workers = leader.children(recursive=True)
    assert workers
    leader.kill()
    eventually(lambda: not target.runtime.instances()["r-two"].alive)
    assert target.runtime.start(Bento("r-two", subject.path)).alive
    assert [worker for worker in workers if runs(worker)] == []
