"""A shadow, and what comes after it: each row of the table, and any order of what can happen."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.deployment.strategies.action import (
    Action,
    Begin,
    BeginShadow,
    Divide,
    Hold,
    Judge,
    Reflect,
    Reject,
    SetWeights,
    Shadowed,
    Situation,
    Traffic,
    Verify,
    Wait,
)
from delivery.deployment.strategies.shadow import mirror_of, shadow
from delivery.events.event import Event, State, next_kind
from delivery.events.steps import shades_of, steps_of
from delivery.gates.verdict import Verdict
from delivery.settings.rollout import Canary, Shadow
from delivery.state.desired import ReleaseRef
from tests.delivery.deployment.strategies.test_canary import (
    ONE,
    PASS,
    THREE,
    TICKS,
    TWO,
    VERDICTS,
    attempt,
    event,
    step,
)
from tests.origin import version

POLICY = Shadow()
CANARY = Canary()


def shade(number: int = 1, second: float = 0, champion: str = ONE) -> Event:
    return event(f"shadow-{number}", second, champion=champion, mirror=10)


def shadowing(
    *events: Event,
    decision: str = "wait",
    moment: float = 1,
    previous: str = ONE,
    died: tuple[str, ...] = (),
    canary: bool = True,
) -> Situation:
    """The newest shadow is in force, under the lease of this process."""
    tried = attempt(event("deployed"), *events)
    made = shades_of(events)[-1]
    shadowed = Shadowed(
        POLICY, moment, 10, mirror_of(tried, made), True, VERDICTS[decision], frozenset(died)
    )
    traffic = Traffic(CANARY, moment) if canary else None
    route = {made.champion: 100}
    return Situation(tried, route, version(previous), traffic=traffic, shadow=shadowed)


def at(now: Situation, route: dict[str, int]) -> Situation:
    """The router answers so."""
    assert now.shadow
    return replace(now, route=route, confirmed=True, shadow=replace(now.shadow, mirror=None))


ANALYSING = Situation(
    attempt(event("deployed")), {ONE: 100}, version(ONE), shadow=Shadowed(POLICY, 0, 10)
)
PASSED = replace(ANALYSING, verdicts=PASS)


@pytest.mark.parametrize("traffic", [None, Traffic(CANARY, 0)])
def test_nothing_is_mirrored_before_its_active_gates_passed(traffic: Traffic | None) -> None:
    assert shadow(replace(ANALYSING, traffic=traffic)) == Judge()
    assert shadow(replace(ANALYSING, traffic=traffic, verdicts=VERDICTS["stop"])) == Reject()
    assert shadow(replace(PASSED, traffic=traffic)) == BeginShadow(ONE, 10)


@pytest.mark.parametrize(
    "now",
    [
        replace(PASSED, previous=ReleaseRef(), route={}),  # the first release
        replace(PASSED, route={}),  # nothing answers beside it
        replace(PASSED, shadow=None),  # by settings
        replace(PASSED, attempt=attempt(event("deployed"), of=THREE)),  # a rollback
    ],
)
def test_without_a_champion_there_is_nothing_to_compare(now: Situation) -> None:
    assert shadow(now) == SetWeights({TWO: 100})


def test_a_shadow_is_put_in_force_and_waits() -> None:
    now = shadowing(shade())
    assert shadow(now) == Wait("exposure: 300 are missing")
    assert now.shadow
    mirror = mirror_of(now.attempt, shades_of(now.attempt.events)[0])
    for other in (
        replace(now.shadow, ours=False),
        replace(now.shadow, mirror=None),
        replace(now.shadow, mirror=replace(mirror, number=7)),
    ):
        assert shadow(replace(now, shadow=other)) == Reflect(mirror)


def test_it_is_followed_by_the_first_step_of_a_canary() -> None:
    assert shadow(shadowing(shade(), decision="go")) == Begin(5, ONE)


def test_without_a_canary_all_traffic_follows() -> None:
    passed = shadowing(shade(), decision="go", canary=False)
    assert shadow(passed) == SetWeights({TWO: 100})
    assert shadow(at(passed, {TWO: 100})) == Verify()


def test_harm_ends_the_mirror_before_it_is_written_down() -> None:
    harmful = shadowing(shade(), decision="stop")
    assert shadow(harmful) == SetWeights({ONE: 100})
    assert shadow(at(harmful, {ONE: 100})) == Reject("errors: it fails more")


def test_a_measurement_that_is_void_is_a_persons() -> None:
    void = shadowing(shade(), decision="hold")
    assert shadow(void) == SetWeights({ONE: 100})
    assert shadow(at(void, {ONE: 100})) == Hold("sample_ratio: 50% instead of 5%")


def test_no_verdict_at_all_is_no_pass() -> None:
    now = shadowing(shade())
    assert now.shadow
    assert shadow(replace(now, shadow=replace(now.shadow, verdicts=()))) == Wait(
        "nothing was judged yet"
    )


def test_a_candidate_that_died_is_rejected_and_two_that_died_are_not() -> None:
    dead = shadowing(shade(), died=(TWO,))
    assert shadow(dead) == SetWeights({ONE: 100})
    assert shadow(at(dead, {ONE: 100})) == Reject(f"the process of {TWO} died")
    assert isinstance(shadow(shadowing(shade(), died=(ONE, TWO))), Wait)


def test_at_the_ceiling_it_is_extended_twice_and_then_a_persons() -> None:
    late = POLICY.ceiling_s + 1
    assert shadow(shadowing(shade(), moment=late)) == Hold("exposure: 300 are missing")
    extended = (shade(), event("inconclusive-1", late))
    assert isinstance(shadow(shadowing(*extended, moment=late)), Wait)
    assert isinstance(shadow(shadowing(*extended, moment=2 * late)), Hold)
    third = shadowing(*extended, event("inconclusive-2", 2 * late), moment=3 * late)
    assert shadow(third) == SetWeights({ONE: 100}), "nothing is mirrored for a person"
    assert isinstance(shadow(at(third, {ONE: 100})), Hold)


def test_a_champion_that_is_verified_no_more_is_no_comparison() -> None:
    orphaned = shadowing(shade(), previous=THREE, decision="go")
    assert shadow(orphaned) == SetWeights({THREE: 100})
    assert shadow(at(orphaned, {THREE: 100})) == BeginShadow(THREE, 10)
    nobody = replace(orphaned, previous=ReleaseRef())
    assert shadow(nobody) == SetWeights({ONE: 100})
    assert shadow(at(nobody, {ONE: 100})) == Hold(f"{ONE} is not verified any more")


@pytest.mark.parametrize("kind", ["verified", "rejected", "superseded"])
def test_what_is_over_begins_nothing(kind: str) -> None:
    over = attempt(event("deployed"), shade(), event(kind))
    shadowed = Shadowed(POLICY, 1, 10)
    now = Situation(over, {TWO: 100}, version(ONE), confirmed=True, shadow=shadowed)
    assert shadow(now) == Wait()


# Any order of samples, kills and clocks.


@dataclass
class World:
    """What a deployment changes, and what it saw while it did. A kill comes before any change."""

    has_canary: bool
    events: list[Event] = field(default_factory=lambda: [event("deployed")])
    route: dict[str, int] = field(default_factory=lambda: {ONE: 100})
    split: Any = None
    mirror: Any = None
    ours: bool = False
    moment: float = 1

    @property
    def state(self) -> State:
        return attempt(*self.events).state

    def tick(self, decision: str, kill: int) -> None:
        """One tick, killed before its change number `kill`."""
        now = self._seen(VERDICTS[decision])
        for change in range(12):
            action = shadow(now)
            if isinstance(action, Wait):
                return
            if change == kill:
                self.ours = False
                return
            self._do(action)
            if not isinstance(action, SetWeights | Divide | Reflect):
                return
            now = replace(self._seen(VERDICTS[decision]), confirmed=True)
        raise AssertionError("it goes round in circles")

    def _seen(self, verdicts: tuple[Verdict, ...]) -> Situation:
        rolls = self.has_canary or self.state is State.ROLLING
        traffic = Traffic(CANARY, self.moment, self.split, self.ours, verdicts) if rolls else None
        shadowed = Shadowed(POLICY, self.moment, 10, self.mirror, self.ours, verdicts)
        return Situation(
            attempt(*self.events), self.route, version(ONE),
            verdicts=PASS, traffic=traffic, shadow=shadowed,
        )  # fmt: skip

    def _do(self, action: Action) -> None:
        match action:
            case SetWeights():
                self._route(dict(action.weights))
            case Divide():
                self._route(dict(action.split.weights), split=action.split)
            case Reflect():
                self._route({action.mirror.champion: 100}, mirror=action.mirror)
            case Begin():
                self._write("step", **asdict(action))
            case BeginShadow():
                self._write("shadow", **asdict(action))
            case Hold():
                self._write("inconclusive")
            case Verify():
                self.events.append(event("verified", self.moment))
            case Reject():
                self.events.append(event("rejected", self.moment))

    def _route(self, route: dict[str, int], split: Any = None, mirror: Any = None) -> None:
        self.route, self.split, self.mirror = route, split, mirror
        self.ours = split is not None or mirror is not None

    def _write(self, kind: str, **evidence: Any) -> None:
        self.events.append(event(next_kind(self.events, kind), self.moment, **evidence))


@given(st.booleans(), st.lists(TICKS, max_size=25))
@settings(max_examples=300, deadline=None)
def test_whatever_happens_in_whatever_order(
    has_canary: bool, ticks: list[tuple[str, int, float]]
) -> None:
    world = World(has_canary)
    for decision, kill, pause in ticks:
        if world.state.final:
            break
        world.tick(decision, kill)
        world.moment += pause
        _sound(world)
    for _ in range(40):  # and then nothing speaks against it
        if world.state.final:
            break
        world.tick("go", kill=99)
        world.moment += 1
        _sound(world)
    assert world.state.final


def _sound(world: World) -> None:
    shades, shares = shades_of(world.events), [step.share for step in steps_of(world.events)]
    share = world.route.get(TWO, 0)
    if world.state in (State.ANALYSING, State.SHADOWING) and world.has_canary:
        assert share == 0, "a client met it in the shadow"
    if world.mirror:
        assert world.mirror.number == shades[-1].number, "more is mirrored than was written"
    if world.state in (State.REJECTED, State.INCONCLUSIVE):
        assert world.route == {ONE: 100}
        assert world.mirror is None
    if world.state is State.VERIFIED:
        assert world.route == {TWO: 100}
        assert len(shades) == 1, "the shadow was left out"
        assert shares == (list(CANARY.shares) if world.has_canary else [])


@given(st.booleans(), st.lists(st.sampled_from(["go", "wait", "stop"]), max_size=8), st.data())
@settings(max_examples=100, deadline=None)
def test_kills_change_nothing_about_the_end(
    has_canary: bool, decisions: list[str], data: st.DataObject
) -> None:
    """A decision is about samples, which stay: who was killed decides the same again."""
    whole, killed = World(has_canary), World(has_canary)
    for decision in [*decisions, *["go"] * 14]:
        if not whole.state.final:
            whole.tick(decision, kill=99)
        if not killed.state.final:
            killed.tick(decision, kill=data.draw(st.integers(0, 3)))
        if len(killed.events) < len(whole.events):
            killed.tick(decision, kill=99)  # the command again
    assert [made.kind for made in whole.events] == [made.kind for made in killed.events]
    assert whole.route == killed.route


def test_a_step_after_the_shadow_is_the_canarys() -> None:
    tried = attempt(event("deployed"), shade(), step(1, 5))
    traffic = Traffic(CANARY, 1, verdicts=VERDICTS["wait"])
    now = Situation(tried, {ONE: 100}, version(ONE), traffic=traffic, shadow=Shadowed(POLICY, 1))
    assert isinstance(shadow(now), Divide)
