"""A share at a time: each row of the table of transitions, and any order of what can happen."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.deployment.strategies.action import (
    Action,
    Begin,
    Divide,
    Hold,
    Judge,
    Reject,
    SetWeights,
    Situation,
    Traffic,
    Verify,
    Wait,
)
from delivery.deployment.strategies.canary import canary, split_of
from delivery.events.event import Event, State, next_kind
from delivery.events.steps import steps_of
from delivery.gates.rollout.decision import EXPOSURE, inconclusive
from delivery.gates.verdict import Verdict
from delivery.settings.rollout import Canary
from delivery.state.desired import Desired, ReleaseRef
from delivery.state.history import Attempt
from tests.delivery.place import environment
from tests.origin import version

ONE, TWO, THREE = "r-111111111111", "r-222222222222", "r-333333333333"
POLICY = Canary()
PASS = (Verdict("errors", "pass", "m", "r", "w"),)
VERDICTS = {
    "go": PASS,
    "wait": (inconclusive(EXPOSURE, "m", "r", "300 are missing", 300),),
    "stop": (Verdict("errors", "fail", "m", "r", "it fails more"),),
    "hold": (Verdict("sample_ratio", "hold", "m", "r", "50% instead of 5%"),),
}


def event(kind: str, second: float = 0, **evidence: Any) -> Event:
    at = datetime.fromtimestamp(second, UTC).isoformat()
    return Event("staging", "a" * 40, kind, TWO, "local", evidence, at)


def step(number: int, share: int, second: float = 0, champion: str = ONE) -> Event:
    return event(f"step-{number}", second, share=share, champion=champion, header="")


def attempt(*events: Event, of: str = "none") -> Attempt:
    desired = Desired(version(TWO), version(ONE), of)
    return Attempt(environment("staging"), "local", "a" * 40, desired, events)


def rolling(
    *events: Event,
    decision: str = "wait",
    moment: float = 1,
    previous: str = ONE,
    died: tuple[str, ...] = (),
) -> Situation:
    """The newest step is in force, under the lease of this process."""
    tried = attempt(event("deployed"), *events)
    split = split_of(tried, steps_of(events)[-1])
    traffic = Traffic(POLICY, moment, split, True, VERDICTS[decision], frozenset(died))
    return Situation(tried, split.weights, version(previous), traffic=traffic)


def at(now: Situation, route: dict[str, int]) -> Situation:
    """The router answers so."""
    assert now.traffic
    return replace(now, route=route, confirmed=True, traffic=replace(now.traffic, split=None))


ANALYSING = Situation(
    attempt(event("deployed")), {ONE: 100}, version(ONE), traffic=Traffic(POLICY, 0)
)
PASSED = replace(ANALYSING, verdicts=PASS)


def test_no_client_meets_it_before_its_active_gates_passed() -> None:
    assert canary(ANALYSING) == Judge()
    assert canary(replace(ANALYSING, verdicts=VERDICTS["stop"])) == Reject()
    assert canary(PASSED) == Begin(5, ONE)


def test_who_asks_is_known_by_what_the_policy_said_when_it_began() -> None:
    named = Canary(header="X-User")
    assert canary(replace(PASSED, traffic=Traffic(named, 0))) == Begin(5, ONE, "X-User")
    assert canary(rolling(step(1, 5), decision="go")) == Begin(25, ONE, "")


@pytest.mark.parametrize(
    "now",
    [
        replace(PASSED, previous=ReleaseRef(), route={}),  # the first release
        replace(PASSED, route={}),  # nothing answers beside it
        replace(PASSED, traffic=None),  # no clients: a rehearsal
        replace(PASSED, attempt=attempt(event("deployed"), of=THREE)),  # a rollback
    ],
)
def test_without_a_champion_all_traffic_goes_at_once(now: Situation) -> None:
    assert canary(now) == SetWeights({TWO: 100})


def test_a_step_is_put_in_force_and_waits() -> None:
    now = rolling(step(1, 5))
    assert canary(now) == Wait("exposure: 300 are missing")
    nobodys = replace(now.traffic, ours=False)
    assert canary(replace(now, traffic=nobodys)) == Divide(
        split_of(now.attempt, steps_of(now.attempt.events)[0])
    )
    assert isinstance(canary(at(now, {ONE: 100})), Divide)


def test_step_by_step_to_all_clients() -> None:
    first = rolling(step(1, 5), decision="go")
    assert canary(first) == Begin(25, ONE)
    last = rolling(step(1, 5), step(2, 25), step(3, 50), decision="go")
    assert canary(last) == SetWeights({TWO: 100})
    assert canary(at(last, {TWO: 100})) == Verify()


def test_an_inconclusive_last_step_is_not_the_end() -> None:
    last = rolling(step(1, 5), step(2, 25), step(3, 50), decision="wait")
    assert isinstance(canary(last), Wait)


def test_harm_gives_the_champion_everything_before_it_is_written_down() -> None:
    harmful = rolling(step(1, 5), decision="stop")
    assert canary(harmful) == SetWeights({ONE: 100})
    assert canary(at(harmful, {ONE: 100})) == Reject("errors: it fails more")


def test_a_measurement_that_is_void_is_a_persons() -> None:
    void = rolling(step(1, 5), decision="hold")
    assert canary(void) == SetWeights({ONE: 100})
    assert canary(at(void, {ONE: 100})) == Hold("sample_ratio: 50% instead of 5%")


def test_a_candidate_that_died_is_rejected_and_two_that_died_are_not() -> None:
    dead = rolling(step(1, 5), died=(TWO,))
    assert canary(dead) == SetWeights({ONE: 100})
    everything_died = rolling(step(1, 5), died=(ONE, TWO))
    assert isinstance(canary(everything_died), Wait)


def test_at_the_ceiling_it_is_extended_twice_and_then_a_persons() -> None:
    late = POLICY.ceiling_s + 1
    first = rolling(step(1, 5), moment=late)
    assert canary(first) == Hold("exposure: 300 are missing")
    assert isinstance(canary(rolling(step(1, 5), event("inconclusive-1", late), moment=late)), Wait)
    second = rolling(step(1, 5), event("inconclusive-1", late), moment=2 * late)
    assert isinstance(canary(second), Hold)
    third = rolling(
        step(1, 5),
        event("inconclusive-1", late),
        event("inconclusive-2", 2 * late),
        moment=3 * late,
    )
    assert canary(third) == SetWeights({ONE: 100}), "no client waits for a person"
    assert isinstance(canary(at(third, {ONE: 100})), Hold)


def test_a_champion_that_is_verified_no_more_is_no_comparison() -> None:
    orphaned = rolling(step(1, 5), step(2, 25), previous=THREE, decision="go")
    assert canary(orphaned) == SetWeights({THREE: 100})
    assert canary(at(orphaned, {THREE: 100})) == Begin(5, THREE), "from the beginning"


def test_without_any_champion_it_stops() -> None:
    orphaned = replace(rolling(step(1, 5), decision="go"), previous=ReleaseRef())
    assert canary(orphaned) == SetWeights({ONE: 100})
    assert canary(at(orphaned, {ONE: 100})) == Hold(f"{ONE} is not verified any more")


def test_a_policy_that_changed_meanwhile_ends_what_began() -> None:
    now = rolling(step(1, 5), step(2, 80), decision="go")
    assert canary(now) == SetWeights({TWO: 100}), "no share is left above it"


@pytest.mark.parametrize("kind", ["verified", "rejected", "superseded"])
def test_what_is_over_begins_nothing(kind: str) -> None:
    over = attempt(event("deployed"), step(1, 5), event(kind))
    now = Situation(over, {TWO: 100}, version(ONE), confirmed=True, traffic=Traffic(POLICY, 1))
    assert canary(now) == Wait()


# Any order of samples, kills and clocks.


@dataclass
class World:
    """What a deployment changes, and what it saw while it did. A kill comes before any change."""

    events: list[Event] = field(default_factory=lambda: [event("deployed")])
    route: dict[str, int] = field(default_factory=lambda: {ONE: 100})
    split: Any = None
    ours: bool = False
    moment: float = 1
    seen: list[str] = field(default_factory=list)

    @property
    def state(self) -> State:
        return attempt(*self.events).state

    def tick(self, decision: str, kill: int) -> None:
        """One tick, killed before its change number `kill`."""
        tried = attempt(*self.events)
        traffic = Traffic(POLICY, self.moment, self.split, self.ours, VERDICTS[decision])
        now = Situation(tried, self.route, version(ONE), verdicts=PASS, traffic=traffic)
        for change in range(10):
            action = canary(now)
            if isinstance(action, Wait):
                return
            if change == kill:
                self.ours = False
                return
            now = self._do(action, now)
            if not isinstance(action, SetWeights | Divide):
                return
        raise AssertionError("it goes round in circles")

    def _do(self, action: Action, now: Situation) -> Situation:
        self.seen.append(type(action).__name__)
        match action:
            case SetWeights():
                self.route, self.split, self.ours = dict(action.weights), None, False
            case Divide():
                self.route, self.split, self.ours = dict(action.split.weights), action.split, True
            case Begin():
                self._write("step", **asdict(action))
            case Hold():
                self._write("inconclusive")
            case Verify():
                self.events.append(event("verified", self.moment))
            case Reject():
                self.events.append(event("rejected", self.moment))
        traffic = replace(now.traffic, split=self.split, ours=self.ours)
        return replace(now, route=self.route, confirmed=True, traffic=traffic)

    def _write(self, kind: str, **evidence: Any) -> None:
        self.events.append(event(next_kind(self.events, kind), self.moment, **evidence))


TICKS = st.tuples(
    st.sampled_from(["go", "go", "wait", "stop", "hold"]),
    st.integers(0, 4),  # before which change it is killed; 4: it is not
    st.sampled_from([1.0, 60.0, POLICY.ceiling_s]),  # until the next
)


@given(st.lists(TICKS, max_size=25))
@settings(max_examples=300, deadline=None)
def test_whatever_happens_in_whatever_order(ticks: list[tuple[str, int, float]]) -> None:
    world = World()
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
    written = [step.share for step in steps_of(world.events)]
    share = world.route.get(TWO, 0)
    decided = max(POLICY.shares) in written
    assert share <= max(written, default=0) or (share == 100 and decided), "more than was written"
    if world.state in (State.REJECTED, State.INCONCLUSIVE):
        assert world.route == {ONE: 100}, "a candidate that did not pass has clients"
    if world.state is State.VERIFIED:
        assert world.route == {TWO: 100}
        assert written[-len(POLICY.shares) :] == list(POLICY.shares), "a step was left out"


@given(st.lists(st.sampled_from(["go", "wait", "stop"]), max_size=8), st.data())
@settings(max_examples=100, deadline=None)
def test_kills_change_nothing_about_the_end(decisions: list[str], data: st.DataObject) -> None:
    """A decision is about samples, which stay: who was killed decides the same again."""
    whole, killed = World(), World()
    for decision in [*decisions, *["go"] * 12]:
        if not whole.state.final:
            whole.tick(decision, kill=99)
        if not killed.state.final:
            killed.tick(decision, kill=data.draw(st.integers(0, 3)))
        if len(killed.events) < len(whole.events):
            killed.tick(decision, kill=99)  # the command again
    assert [made.kind for made in whole.events] == [made.kind for made in killed.events]
    assert whole.route == killed.route
