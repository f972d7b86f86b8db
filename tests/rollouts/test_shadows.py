"""Shadows end as they should, with the real router under load: what agrees comes to all clients,
what does not reaches none of them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest

from delivery.commands.deploy import deploy
from delivery.commands.status import status
from delivery.deployment import active
from delivery.deployment.rollouts.comparison import journal_of
from delivery.deployment.rollouts.view import ShadowView
from delivery.events.event import State
from delivery.evidence.rollout.journal import Journal
from delivery.state.desired import ReleaseRef
from tests.delivery.deployment.production import ENV, ONE, TWO
from tests.delivery.machine import machine
from tests.delivery.place import judgement
from tests.delivery.running import eventually
from tests.origin import Origin
from tests.rollouts.load import Load
from tests.rollouts.scenario import Result, Scenario, Size, Stage, merged, play
from tests.rollouts.scenarios import INCONCLUSIVE, REJECTED, VERIFIED

pytestmark = pytest.mark.e2e
SHADOW = "shadow: { pairs: 250, errors: 0.05, mirror: 25, ceiling_s: %g }"
CANARY = (
    "canary: { header: X-User, ceiling_s: 60, exposed: 10, warm_up: 5,"
    " errors: { margin: 0.1, floor: 150, breakdown: 20 },"
    " latency: { p95: 3.0, p99: 6.0, floor: 500 } }"
)


def size(rollout: str) -> Size:
    return Size(f"{{ {rollout} }}", users=300, per_second=100, budget=240, rows=True)


@pytest.fixture(autouse=True)
def holdout(monkeypatch: pytest.MonkeyPatch) -> None:
    """There, one answer of a hundred changed."""
    made = Origin.evidence

    def evidence(origin: Origin, environment: str, wanted: ReleaseRef, record: str) -> str:
        judged = {"candidate_sha256": wanted.bento_sha256, "champion": ONE, "flips": 0.01}
        return made(origin, environment, wanted, record, judged=judged)

    monkeypatch.setattr(Origin, "evidence", evidence)


def names(result: Result) -> list[str]:
    return [kind.partition("-")[0] for kind in result.events]


def test_what_agrees_goes_on_with_a_canary_and_no_request_is_lost(origin: Origin) -> None:
    scenario = Scenario("healthy", (VERIFIED,))
    result = play(scenario, size(f"{SHADOW % 120}, {CANARY}"), origin)
    assert result.state == VERIFIED, result
    assert result.events == ("deployed", "shadow-1", "step-1", "step-2", "step-3", "verified")
    assert result.lost == ()
    assert result.requests > 250


def test_without_a_canary_all_clients_follow(origin: Origin) -> None:
    result = play(Scenario("healthy", (VERIFIED,)), size(SHADOW % 120), origin)
    assert result.events == ("deployed", "shadow-1", "verified"), result
    assert result.lost == ()


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"shift": 0.2}, "more answers change"),
        ({"refuses": 1.0}, "breaks down"),
        ({"fails": 0.2}, "fails on rows"),
    ],
    ids=["shifted scores", "every row refused", "a fifth fails"],
)
def test_what_does_not_agree_reaches_no_client(
    origin: Origin, wrong: dict[str, Any], why: str
) -> None:
    result = play(
        Scenario("bad", (REJECTED,), candidate=wrong), size(f"{SHADOW % 120}, {CANARY}"), origin
    )
    assert result.state == REJECTED, result
    assert why in result.why, result
    assert names(result) == ["deployed", "shadow", "rejected"]
    assert (result.met, result.lost) == (0, ())


def test_a_candidate_that_dies_is_rejected(origin: Origin) -> None:
    result = play(
        Scenario("crash", (REJECTED,), candidate={"refuses": 0}, harm=_crash, at=0),
        size(f"{SHADOW.replace('250', '200000') % 120}"), origin,
    )  # fmt: skip
    assert result.state == REJECTED, result
    assert "died" in result.why or "breaks down" in result.why
    assert (result.met, result.lost) == (0, ())


def _crash(stage: Stage) -> None:
    eventually(stage.target.router.mirror, seconds=60)
    for process in stage.target.runtime.files.current(TWO).server.process.members():
        process.kill()


def test_without_requests_nothing_is_decided(origin: Origin) -> None:
    result = play(Scenario("silence", (INCONCLUSIVE,), traffic=False), size(SHADOW % 2), origin)
    assert result.state == INCONCLUSIVE, result
    assert names(result) == ["deployed", "shadow", *["inconclusive"] * 3]


@pytest.fixture
def stage(origin: Origin) -> Iterator[Stage]:
    with pytest.MonkeyPatch.context() as patch, machine(origin, patch) as world:
        patch.setattr(active, "judge_live", judgement("pass"))
        yield Stage(origin, world, patch)


def journal(stage: Stage) -> Journal | None:
    attempt = stage.world.snapshot().attempt(ENV)
    return journal_of(stage.target, attempt) if attempt.state.is_watched else None


def test_a_watcher_that_is_killed_ends_the_mirror_and_the_next_goes_on(stage: Stage) -> None:
    """With all that was compared before."""
    merged(stage, Scenario("healthy", (VERIFIED,)), size(SHADOW.replace("250", "600") % 120))
    watcher = multiprocessing.get_context("fork").Process(
        target=lambda: deploy(stage.world, ENV, budget=120)
    )
    watcher.start()
    eventually(stage.target.router.mirror, seconds=60)
    load = Load(stage.target.router.port, 300, 100, rows=True)
    with load.running():
        before = eventually(
            lambda: (made := journal(stage)) and len(made.compared) > 100 and made, seconds=60
        )
        shown = next(row for row in status(stage.world).environments if row.environment == ENV)
        assert isinstance(shown.rollout, ShadowView)
        assert shown.rollout.is_watched
        assert shown.rollout.pairs > 100
        assert shown.rollout.needed > 0
        os.kill(watcher.pid or 0, signal.SIGKILL)
        watcher.join()
        eventually(lambda: not stage.target.router.is_watched(), seconds=10)
        time.sleep(1.5)
        quiet = copies(stage)
        time.sleep(1.0)
        assert copies(stage) == quiet, "it is still mirrored"
        result = deploy(stage.world, ENV, budget=120)
    assert result.step.state is State.VERIFIED
    after = Journal(before.path).read()
    assert after.compared[: len(before.compared)] == before.compared
    assert len(after.keys) == len(after.compared)
    assert any(item.mirrored for item in after.compared)
    assert any(not item.mirrored for item in after.compared)
    assert {answer.status for answer in load.answers} == {200}


def copies(stage: Stage) -> int:
    """How many requests the candidate answered that are not of delivery itself."""
    lines = [line for file in stage.target.runtime.predictions.glob("predictions-*")
             for line in file.read_text().splitlines() if TWO in line]  # fmt: skip
    return sum('"delivery.' not in line for line in lines)


def test_when_it_is_rejected_the_mirror_ends_and_a_rollback_is_proposed(stage: Stage) -> None:
    merged(stage, Scenario("bad", (REJECTED,), candidate={"shift": 0.3}), size(SHADOW % 120))
    with Load(stage.target.router.port, 300, 100, rows=True).running():
        result = deploy(stage.world, ENV, budget=120)
    assert result.step.state is State.REJECTED
    assert result.rollback is not None, "and the forge of these tests merges it"
    assert stage.target.router.mirror() is None
    assert stage.target.router.weights() == {ONE: 100}
    event = stage.world.snapshot().history(ENV).attempts[1].events[-1]
    assert "of answers changed" in event.evidence["shadow"]
