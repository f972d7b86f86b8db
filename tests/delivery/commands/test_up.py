"""`delivery up` brings back what died or hangs on this machine, and nothing else."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from delivery.commands.status import status
from delivery.commands.up import up
from delivery.errors import HeldError, InputError
from delivery.settings.host import GitHub, Surroundings
from delivery.state.snapshot import Snapshot
from delivery.targets.local.supervision import Supervision
from delivery.targets.protocol import Target
from tests.delivery.machine import Machine, machine
from tests.delivery.running import eventually, fake_bento, runs
from tests.delivery.targets.local.clients import freeze, freeze_router, kill_router, who
from tests.origin import ROOT, Origin

ONE, TWO = "r-111111111111", "r-222222222222"
SUPERVISOR = """
import sys
from pathlib import Path
from delivery.bento import server
from delivery.cli import up as command
from delivery.cli.main import main
from tests.delivery.machine import Machine

python, root = (Path(path) for path in sys.argv[1:])
server.environment = lambda *_: python
command.context = lambda: Machine(root, lambda line: print(line, flush=True))
sys.argv = ["delivery", "up"]
sys.exit(main())
"""


@pytest.fixture
def world(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    with machine(origin, monkeypatch) as made:
        yield made


def kill_all(target: Target) -> None:
    """As a machine does that goes off."""
    for process in [*target.router.process.members(), *members(target, TWO), *members(target, ONE)]:
        process.kill()
    eventually(lambda: target.router.problem() and not target.runtime.files.addresses())


def members(target: Target, release: str) -> list:
    return [*target.runtime.files.current(release).server.process.members()]


def test_where_nothing_was_deployed_nothing_is_done(world: Machine) -> None:
    result = up(world, once=True)
    assert {name: report.restarts for name, report in result.environments.items()} == {
        "staging": 0,
        "production": 0,
    }
    assert not world.place("staging").runtime.files.slots()


def test_after_the_machine_was_off_all_comes_back_as_it_was_left(world: Machine) -> None:
    target = world.settle("staging", TWO, ONE)
    kill_all(target)
    assert up(world, once=True).environments["staging"].restarts == 3
    assert who(target) == TWO
    assert {name: it.problem for name, it in target.runtime.instances().items()} == {
        ONE: "",
        TWO: "",
    }
    assert up(world, once=True).environments["staging"].restarts == 0


@pytest.mark.parametrize(
    "harm", [lambda target: freeze(target, TWO), freeze_router], ids=["release", "router"]
)
def test_what_is_frozen_is_replaced(world: Machine, harm: Callable[[Target], None]) -> None:
    target = world.settle("staging", TWO)
    harm(target)
    assert up(world, once=True).environments["staging"].restarts == 1
    assert who(target) == TWO
    assert up(world, once=True).environments["staging"].restarts == 0


def test_a_release_on_trial_is_not_started_and_gets_no_traffic(world: Machine) -> None:
    target = world.settle("staging", ONE)
    trial = fake_bento(world.bento(world.snapshot(), TWO))
    slot = target.runtime.files.current(TWO)
    slot.server.start(trial, TWO, world.workspace)
    slot.server.process.stop(grace=0)
    assert up(world, once=True).environments["staging"].restarts == 0
    assert not target.runtime.instances()[TWO].alive
    assert dict(target.router.weights()) == {ONE: 100}


def test_what_was_taken_down_stays_down(world: Machine) -> None:
    target = world.settle("staging", TWO, ONE)
    target.stop()
    assert up(world, once=True).environments["staging"].restarts == 0
    assert not target.runtime.files.slots()


def test_one_that_does_not_start_is_trouble_of_its_environment_alone(world: Machine) -> None:
    staging, production = world.settle("staging", ONE), world.settle("production", TWO)
    fake_bento(world.bento(world.snapshot(), ONE), error="error: no memory")
    kill_router(production)
    for process in members(staging, ONE):
        process.kill()
    result = up(world, once=True)
    assert "no memory" in result.environments["staging"].trouble
    assert result.trouble.startswith("staging: ")
    assert result.environments["production"].restarts == 1
    assert who(production) == TWO


def test_what_died_comes_back_without_origin(world: Machine, origin: Origin) -> None:
    target = world.settle("staging", TWO)
    origin.bare.rename(origin.bare.with_name("away.git"))
    kill_router(target)
    assert up(world, once=True).environments["staging"].restarts == 1
    assert who(target) == TWO


def test_a_release_that_another_checkout_deployed_comes_back(
    world: Machine, origin: Origin
) -> None:
    """As a runner's job does, which shares the workspace and nothing else."""
    target = world.settle("staging", TWO)
    behind = origin.git("rev-parse", "HEAD")
    origin.want("staging", TWO)
    origin.git("update-ref", "refs/remotes/origin/main", behind)
    kill_all(target)
    asked: list[Sequence[str]] = []

    class Asking(Machine):
        def bento(self, snapshot: Snapshot, release: str) -> Path:
            asked.append(snapshot.records())
            return super().bento(snapshot, release)

    assert up(Asking(world.root, world.progress), once=True).trouble == ""
    assert asked == [[TWO]]
    assert who(target) == TWO


def test_state_that_is_deleted_under_it_ends_neither_it_nor_what_runs(world: Machine) -> None:
    target = world.settle("staging", TWO)
    shutil.rmtree(world.workspace / "targets")
    assert up(world, once=True).environments["staging"].trouble == ""
    assert who(target) == TWO
    assert target.router.problem() == ""


def test_a_route_that_nobody_knows_is_not_guessed(world: Machine) -> None:
    target = world.settle("staging", TWO, ONE)
    kill_router(target)
    target.router.file.path.write_text("")
    result = up(world, once=True)
    assert "delivery deploy staging" in result.environments["staging"].trouble
    assert not target.router.process.alive()


def test_two_supervise_no_workspace(world: Machine) -> None:
    with (
        Supervision(world.workspace).held(),
        pytest.raises(HeldError, match="has a supervisor already"),
    ):
        up(world, once=True)


def test_a_deployment_that_is_at_work_is_left_alone(world: Machine) -> None:
    target = world.settle("staging", TWO)
    kill_router(target)
    with target.runtime.lock():
        assert up(world, once=True).environments["staging"].restarts == 0
    assert up(world, once=True).environments["staging"].restarts == 1


def test_where_jobs_rehearse_nothing_stays_up(world: Machine) -> None:
    job = Surroundings({"GITHUB_ACTIONS": "true"}, GitHub("o/r", "s", "a", "", is_app=False))
    hosted = replace(world)
    vars(hosted)["surroundings"] = job
    with pytest.raises(InputError, match="rehearse"):
        up(hosted, once=True)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_it_works_until_it_is_told_to_end_and_leaves_all_running(
    world: Machine, origin: Origin, sign: signal.Signals
) -> None:
    """A process of its own, as systemd would have it."""
    target = world.settle("staging", TWO)
    origin.happened("staging", origin.want("staging", TWO), "verified", TWO)
    python = origin.path.parent / "python" / "bin" / "python"
    command = [sys.executable, "-c", SUPERVISOR, str(python), str(origin.path)]
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE) as supervisor:
        try:
            eventually(lambda: "nothing restarted" in told(world), seconds=60)
            kill_router(target)
            eventually(lambda: not target.router.problem() and "1 time" in told(world), seconds=60)
            freeze(target, TWO)
            eventually(lambda: "2 times" in told(world), seconds=60)
            (staging, _) = status(world).environments
            assert (staging.supervision, staging.problem) == ("supervised, restarted 2 times", "")
            assert who(target) == TWO
        finally:
            supervisor.send_signal(sign)
            with suppress(subprocess.TimeoutExpired):
                supervisor.communicate(timeout=60)
            supervisor.kill()
    assert supervisor.returncode == 0
    assert told(world) == "not supervised"
    assert all(runs(process) for process in members(target, TWO))
    assert who(target) == TWO


def told(world: Machine) -> str:
    return Supervision(world.workspace).describe("staging")
