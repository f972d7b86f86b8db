"""With real bentos, under load: no request is lost while the traffic moves."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from delivery.bento.bento import Bento
from delivery.bento.digest import content_sha256
from delivery.demo.traffic import Plan, Tally, run
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


class Load(AbstractContextManager["Load"]):
    """Clients that ask all the time, as long as the block."""

    def __init__(self, url: str, bodies: list[bytes], folder: Path) -> None:
        self.tally = Tally()
        self._stop, self._out = folder / "stop", folder / "out.json"
        self._pool = ThreadPoolExecutor(1)
        plan = Plan(url, 100.0, 4, BOUND)
        self._run = self._pool.submit(run, plan, bodies, self._stop, self._out)

    def await_more(self, release: str) -> None:
        """Until `release` has answered some requests from now on."""
        eventually(self._out.exists)
        before = self._answered(release)
        eventually(lambda: self._answered(release) > before + 50, seconds=30)

    def _answered(self, release: str) -> int:
        count: int = json.loads(self._out.read_text())["releases"].get(release, 0)
        return count

    def __exit__(self, *_: object) -> None:
        self._stop.touch()
        self.tally = self._run.result(timeout=BOUND)
        self._pool.shutdown()


def test_no_request_is_lost_across_shifts_and_a_retirement(
    target: Target, bodies: list[bytes], tmp_path: Path
) -> None:
    target.router.set_weights({"r-one": 100})
    with Load(target.router.url, bodies, tmp_path) as load:
        load.await_more("r-one")
        for _ in range(SHIFTS):
            target.router.set_weights({"r-two": 100})
            target.router.set_weights({"r-one": 50, "r-two": 50})
            target.router.set_weights({"r-one": 100})
        target.router.set_weights({"r-two": 100})
        target.runtime.retire({"r-two"})
        load.await_more("r-two")
    assert load.tally.failures == 0, load.tally.first_failure
    assert set(load.tally.releases) == {"r-one", "r-two"}
    assert set(target.runtime.instances()) == {"r-two"}


def kill_leader(target: Target) -> None:
    leader = target.runtime.files.current("r-two").server.process.leader()
    assert leader is not None
    leader.kill()
    eventually(lambda: target.runtime.instances()["r-two"].problem)


def empty(name: str) -> Callable[[Target], None]:
    """Empties a file of the instance or of the router."""

    def damage(target: Target) -> None:
        folder = target.runtime.files.current("r-two").folder
        file = next(iter([*folder.glob(name), *target.router.folder.rglob(name)]))
        file.write_text("")

    return damage


def delete_state(target: Target) -> None:
    """But for what a bento reads while it runs: its environment."""
    shutil.rmtree(target.router.folder.parent)


@pytest.mark.parametrize(
    "damage",
    [
        kill_leader,
        empty("instance.json"),
        empty("server.json"),
        empty("route.yml"),
        empty("router.json"),
        delete_state,
    ],
    ids=["leader killed", "instance.json", "server.json", "route.yml", "router.json", "deleted"],
)
def test_no_request_is_lost_while_what_still_answers_is_mended(
    target: Target,
    subject: Bento,
    bodies: list[bytes],
    tmp_path: Path,
    damage: Callable[[Target], None],
) -> None:
    target.router.set_weights({"r-two": 100})
    with Load(target.router.url, bodies, tmp_path) as load:
        load.await_more("r-two")
        damage(target)
        load.await_more("r-two")
        target.runtime.start(Bento("r-two", subject.path))  # as a deployment does
        target.router.set_weights({"r-two": 100})
        target.runtime.retire({"r-two"})
        load.await_more("r-two")
    assert load.tally.failures == 0, load.tally.first_failure
    assert [instance.problem for instance in target.runtime.instances().values()] == [""]
    assert target.router.problem() == ""
    assert len(target.runtime.files.slots()) == 1


def test_nothing_is_written_into_a_bento_that_runs(target: Target, subject: Bento) -> None:
    assert target.runtime.instances()["r-two"].alive
    assert content_sha256(subject.path).startswith(subject.id.removeprefix("r-"))


def test_the_workers_of_a_killed_bento_do_not_stay(target: Target, subject: Bento) -> None:
    leader = target.runtime.files.current("r-two").server.process.leader()
    assert leader is not None
    workers = leader.children(recursive=True)
    assert workers
    leader.kill()
    eventually(lambda: target.runtime.instances()["r-two"].problem)
    assert target.runtime.start(Bento("r-two", subject.path)).alive
    assert [worker for worker in workers if runs(worker)] == []
