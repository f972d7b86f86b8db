"""Releases come to containers, share traffic and are rolled back, by the commands that people use,
and no request is lost meanwhile."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from delivery.bento.bento import Bento
from delivery.bento.client import read_examples
from delivery.commands.deploy import deploy
from delivery.commands.rollback import rollback
from delivery.commands.status import status
from delivery.context import Context
from delivery.demo.traffic import Plan, run
from delivery.events.event import State
from delivery.image.build import build_image
from delivery.image.registry import push
from delivery.settings.policy import EnvironmentSettings
from delivery.state.snapshot import Snapshot
from delivery.targets.protocol import Target
from delivery.targets.split import Split
from tests.checkout import POLICY
from tests.delivery.bentos import Bench
from tests.delivery.deployment.production import ENV, ONE, TWO, state
from tests.delivery.deployment.rolling import judged_by
from tests.delivery.place import World
from tests.delivery.running import eventually, free_port
from tests.delivery.targets.local.clients import who
from tests.images.placed import Dock
from tests.origin import make_origin
from tests.origin import record as record_of
from tests.rollouts.load import Load
from tests.serving.tiny import write_tiny_model

pytestmark = pytest.mark.images
REQUESTS = 20_000
BOUND = 400.0  # s: on a busy machine


@dataclass(frozen=True)
class Docked(World):
    """A checkout whose production is on an engine."""

    target = Context.target

    def bento(self, snapshot: Snapshot, release: str) -> Path:
        return self.root / release


def policy(docked: Dock, port: int, rollout: str) -> str:
    settings = EnvironmentSettings(target=docked.settings(port)).target.model_dump()
    target = json.dumps({name: value for name, value in settings.items() if value})
    text = POLICY.read_text(encoding="utf-8")
    local = "target: { kind: local, port: 7102 }"
    assert local in text
    return text.replace(local, f"target: {target}\n    rollout: {rollout}")


def test_a_release_a_canary_and_a_rollback_by_the_commands(
    docked: Dock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if docked.docker.restart is None:
        pytest.skip("this engine is somebody else's: its production is left alone")
    origin, port = make_origin(tmp_path, image=str(docked.service)), free_port()
    traffic, world = judged_by(monkeypatch), Docked(origin.path, print)
    origin.push({"delivery.yaml": policy(docked, port, "at_once")})
    origin.promote(ENV, ONE)
    deploy(world, ENV, budget=240)
    assert state(world) is State.VERIFIED
    target = world.target(world.snapshot().settings.environment(ENV))
    docked.made.append(target)
    origin.push({"delivery.yaml": policy(docked, port, "canary")})
    with Load(port, users=100, per_second=200.0).running() as load:
        origin.promote(ENV, TWO, ONE)
        deploy(world, ENV, budget=240)
        assert state(world) is State.VERIFIED
        assert len(traffic.judged) > 1, "it went in steps"
        assert dict(target.router.weights()) == {TWO: 100}
        assert status(world).environments[-1].problem == ""
        rollback(world, ENV, reason="complaints", dry_run=False)
        assert dict(target.router.weights()) == {ONE: 100}
    answers = Counter((each.status, each.release) for each in load.answers)
    assert set(answers) == {(200, ONE), (200, TWO)}, answers
    assert target.runtime.settled() >= {ONE}


@pytest.fixture
def real(docked: Dock, tmp_path: Path) -> Iterator[tuple[Target, Bento]]:
    """A real bento in its image, as two releases."""
    bento = Bench(tmp_path / "bench").bento("tiny", write_tiny_model)
    record = record_of(bento.id).model_copy(update={"bento_sha256": bento.sha256})
    image = build_image(bento, record, docked.python, docked.base, tmp_path / "image").image
    name = str(push(image, f"{docked.host}/team/online", bento.id))
    target, bento = docked.target(), Bento(bento.id, bento.path, name)
    try:
        for release in ("r-one", "r-two"):
            target.runtime.start(replace(bento, id=release))
        target.router.set_weights({"r-one": 100})
        yield target, bento
    finally:
        docked.clear()


def test_no_request_of_20000_is_lost_while_real_bentos_take_turns(
    real: tuple[Target, Bento], tmp_path: Path
) -> None:
    target, bento = real
    body = json.dumps({"instances": [read_examples(bento.model)[0].instance]}).encode()
    stop, out = tmp_path / "stop", tmp_path / "out.json"
    with ThreadPoolExecutor(1) as pool, target.router.watched() as lease:
        load = pool.submit(
            run, Plan(target.router.url, 500.0, 8, BOUND), [body], stop, out
        )  # fmt: skip

        def await_more(share: int) -> None:
            """Until this part of the requests was answered, in percent."""
            eventually(lambda: _requests(out) >= REQUESTS * share // 100, seconds=BOUND)

        for step, begin in enumerate((0, 25, 50, 75)):
            await_more(begin)
            target.runtime.start(replace(bento, id="r-two"))
            lease.renew()
            target.router.divide(Split("a" * 40, step + 1, "r-one", "r-two", 25), lease)
            await_more(begin + 5)
            target.router.set_weights({"r-two": 100})  # promotion
            target.runtime.retire({"r-one", "r-two"})
            await_more(begin + 15)
            target.router.set_weights({"r-one": 100})  # rollback
            target.runtime.retire({"r-one"})
        await_more(100)
        stop.touch()
        tally = load.result(timeout=BOUND)
    assert tally.requests >= REQUESTS
    assert tally.failures == 0, tally.first_failure
    assert set(tally.releases) == {"r-one", "r-two"}
    assert who(target) == "r-one"


def _requests(out: Path) -> int:
    return int(json.loads(out.read_text())["requests"]) if out.exists() else 0
