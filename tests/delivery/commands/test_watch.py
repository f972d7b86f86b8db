"""`delivery watch` follows main, outlives failures, and says how it does."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from delivery.commands.deploy import deploy
from delivery.commands.watch import HANGS, alive, health_file, watch
from delivery.deployment.outcome import Outcome
from delivery.errors import InputError, TargetError
from delivery.events.event import State
from delivery.settings.host import GitHub, Surroundings
from tests.delivery.place import World, judgement
from tests.origin import Origin

ONE, TWO = "r-111111111111", "r-222222222222"


@dataclass
class Pauses:
    """What happens between two looks, and Ctrl-C after the last; `taken` has each pause in
    seconds."""

    between: list[Callable[[], object]]
    taken: list[float] = field(default_factory=list)

    def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)
        if not self.between:
            raise KeyboardInterrupt
        self.between.pop(0)()


@pytest.fixture
def world(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("delivery.deployment.active.judge_live", judgement("pass"))
    return World(origin.path, lambda _: None)


def deploying(world: World) -> Callable[[], Outcome]:
    return lambda: deploy(world, "production", budget=60)


def looks(world: World, *between: Callable[[], object]) -> list[float]:
    """Watch production with what happens between looks; the pauses."""
    pauses = Pauses([*between])
    watch(world, "production", deploying(world), interval=30, pause=pauses)
    return pauses.taken


def told(world: World) -> dict[str, object]:
    found: dict[str, object] = json.loads(health_file(world, "production").read_text())
    return found


def test_what_is_merged_meanwhile_is_deployed(origin: Origin, world: World) -> None:
    origin.promote("production", ONE)
    assert looks(world, lambda: origin.promote("production", TWO, ONE)) == [30, 30]
    assert world.places["production"].shares == {TWO: 100}
    assert world.snapshot().attempt("production").state is State.VERIFIED


def test_what_somebody_else_took_away_comes_back(origin: Origin, world: World) -> None:
    origin.promote("production", ONE)
    looks(world, lambda: world.places["production"].running.clear())
    assert world.places["production"].running == {ONE: True}


def test_the_health_file_tells_of_the_last_look(origin: Origin, world: World) -> None:
    origin.promote("production", ONE)
    looks(world)
    found = told(world)
    assert found["at"] > 1_700_000_000  # type: ignore[operator]
    assert (found["outcome"], found["trouble"], found["failed"]) == (f"{ONE} verified", "", 0)


def test_a_release_that_is_rejected_is_rejected_once_and_rolled_back(
    origin: Origin, world: World
) -> None:
    outcomes: list[object] = []

    def wants() -> None:
        world.places["production"].broken.add(TWO)
        origin.promote("production", TWO, ONE)

    origin.promote("production", ONE)
    see = lambda: outcomes.append(told(world)["outcome"])  # noqa: E731
    assert looks(world, wants, see, see) == [30] * 4
    assert outcomes == [f"{TWO} rejected", f"{ONE} verified"]
    assert world.places["production"].shares == {ONE: 100}
    attempts = world.snapshot().history("production").attempts
    assert [each.state for each in attempts].count(State.REJECTED) == 1


def test_after_failures_it_waits_longer_and_goes_on(origin: Origin, world: World) -> None:
    origin.promote("production", ONE)
    left, seen = [5], []

    def works_at_last() -> Outcome:
        left[0] -= 1
        if left[0] >= 0:
            raise RuntimeError("nobody knows why")
        return deploying(world)()

    see = lambda: seen.append(told(world))  # noqa: E731
    pauses = Pauses([see] * 5)
    watch(world, "production", works_at_last, interval=30, pause=pauses)
    assert pauses.taken == [60, 120, 240, 300, 300, 30]
    assert [each["failed"] for each in seen] == [1, 2, 3, 4, 5]
    assert "nobody knows why" in str(seen[0]["trouble"])
    assert told(world)["trouble"] == ""


def test_an_hour_between_looks_stays_an_hour(world: World) -> None:
    def fails() -> Outcome:
        raise RuntimeError

    pauses = Pauses([lambda: None] * 3)
    watch(world, "production", fails, interval=3600, pause=pauses)
    assert pauses.taken == [3600] * 4


def test_a_hold_of_a_person_is_told(origin: Origin, world: World) -> None:
    origin.promote("production", ONE)
    world.target(world.snapshot().environment("production"))
    world.places["production"].free = False
    looks(world)
    assert "somebody else deploys here" in str(told(world)["trouble"])


def test_a_watcher_lives_from_its_begin_on_and_until_it_is_silent_for_long(
    origin: Origin, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TargetError, match="nobody watched production here"):
        alive(world, "production")
    origin.promote("production", ONE)
    seen: list[str] = []

    def works() -> Outcome:
        seen.append(alive(world, "production").outcome)
        return deploying(world)()

    watch(world, "production", works, interval=30, pause=Pauses([]))
    assert seen == ["begins"]
    look = alive(world, "production")
    assert (look.outcome, look.next) == (f"{ONE} verified", 30)
    monkeypatch.setattr("time.time", lambda: look.at + 30 + HANGS)
    alive(world, "production")
    monkeypatch.setattr("time.time", lambda: look.at + 31 + HANGS)
    with pytest.raises(TargetError, match="hangs or is gone: its last look ended 1231 s ago"):
        alive(world, "production")


def test_an_environment_that_is_not_there_ends_it(world: World) -> None:
    with pytest.raises(InputError, match="mars"):
        watch(world, "mars", deploying(world), interval=30)


def test_where_jobs_rehearse_nothing_is_watched(world: World) -> None:
    hosted = {"GITHUB_ACTIONS": "true", "RUNNER_ENVIRONMENT": "github-hosted"}
    github = GitHub("o/r", "s", "a", "", is_app=False)
    vars(world)["surroundings"] = Surroundings(hosted, github)
    with pytest.raises(InputError, match="rehearse"):
        watch(world, "staging", deploying(world), interval=30)
