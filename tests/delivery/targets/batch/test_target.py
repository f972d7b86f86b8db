"""An environment without a service goes the same way: merged, judged, verified, rolled back."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery.commands.batch import _verified
from delivery.commands.deploy import deploy
from delivery.commands.rollback import rollback
from delivery.commands.status import status
from delivery.commands.verify import verify
from delivery.deployment import active
from delivery.events.event import State
from delivery.evidence.live import Live
from delivery.gates.judgement import Judgement
from delivery.settings.policy import Environment
from delivery.targets.batch import runtime
from delivery.targets.batch.target import batch_target
from delivery.targets.protocol import Target
from tests.delivery.place import World, judgement
from tests.origin import Origin

ONE, TWO = "r-111111111111", "r-222222222222"
POLICY = """
environments:
  staging: {target: {kind: local, port: 7101}}
  production: {target: {kind: batch, sample: recent/}}
"""


class Batch(World):
    """A checkout whose production scores files."""

    def target(self, environment: Environment) -> Target:
        if environment.settings.serves:
            return super().target(environment)
        return batch_target(environment, self.root / "workspace")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Live]:
    """What was put to the active gates, which pass."""
    calls: list[Live] = []

    def judge(live: Live) -> Judgement:
        calls.append(live)
        return judgement("pass")()

    monkeypatch.setattr(active, "judge_live", judge)
    monkeypatch.setattr(runtime, "environment", lambda *_: Path(__file__))
    return calls


def test_the_whole_way(origin: Origin, asked: list[Live]) -> None:
    origin.push({"delivery.yaml": POLICY})
    world = Batch(origin.path, lambda _: None)
    origin.promote("production", ONE)
    assert deploy(world, "production", budget=60).step.state is State.VERIFIED
    assert asked[0].url == ""
    assert not list((origin.path / "workspace/targets/production").glob("router/*"))
    origin.promote("production", TWO, ONE)
    assert deploy(world, "production", budget=60).step.state is State.VERIFIED
    production = world.snapshot().environment("production")
    assert _verified(world.snapshot(), production) == TWO
    assert set(world.target(production).runtime.instances()) == {ONE, TWO}, "the previous is warm"
    row = status(world).environments[1]
    assert (row.route, row.problem) == (f"{TWO} 100%", "")
    assert verify(world, "production", dry_run=False).release == TWO
    rollback(world, "production", reason="it scored nonsense", dry_run=False)
    assert _verified(world.snapshot(), production) == ONE
    assert world.target(production).router.weights() == {ONE: 100}
