"""A candidate is asked what its champion was asked, and what both said is judged."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from delivery.bento.bento import Bento
from delivery.commands.deploy import deploy
from delivery.commands.rollback import rollback
from delivery.commands.status import status
from delivery.deployment.reconcile import Deployment
from delivery.deployment.rollouts import comparison as shadowing
from delivery.deployment.rollouts.comparison import Comparison, question_of, share_of
from delivery.errors import HeldError
from delivery.events.event import Event, State
from delivery.evidence.rollout.journal import Journal
from delivery.gates.rollout.observations.pairs import Question
from delivery.settings.rollout import Shadow
from delivery.state.desired import Desired
from delivery.state.evidence_file import EvidenceFile
from delivery.state.history import Attempt
from delivery.targets.protocol import Capabilities
from serving.contract import Contract
from tests.delivery.deployment.production import ENV, ONE, TWO
from tests.delivery.deployment.rolling import Traffic, kinds, merged
from tests.delivery.evidence.rows import CONTRACT
from tests.delivery.place import ABLE, Place, World, environment
from tests.delivery.standin import Answer, halves, standin
from tests.origin import Origin, version

BEGUN = datetime(2026, 11, 27, 10, tzinfo=UTC).timestamp()
POLICY = Shadow(pairs=20, clusters=2, errors=0.2)


def attempt(mirror: int = 0, number: int = 1) -> Attempt:
    """Its newest shadow began at BEGUN."""
    events = [
        Event("staging", "a" * 40, f"shadow-{place}", TWO, "local",
              {"champion": ONE, "mirror": mirror}, datetime.fromtimestamp(BEGUN, UTC).isoformat())
        for place in range(1, number + 1)
    ]  # fmt: skip
    return Attempt(environment("staging"), "local", "a" * 40, Desired(version(TWO)), events)


def line(second: float, release: str = ONE, digest: str = "d", **more: Any) -> str:
    """A request that a release answered so many seconds after the shadow began."""
    item = {
        "release": release, "request_id": f"id-{release}-{second}",
        "time": datetime.fromtimestamp(BEGUN + second, UTC).isoformat(),
        "digest": digest, "features": {"x": [0.5]}, "score": [0.5],
    }  # fmt: skip
    return json.dumps(item | more) + "\n"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place("staging", running={ONE: True, TWO: True}, shares={ONE: 100}, predictions=tmp_path)


def logged(place: Place, *lines: str) -> None:
    with (place.predictions / "predictions-1.jsonl").open("a", encoding="utf-8") as file:
        file.write("".join(lines))


def comparison(place: Place, mirror: int = 0, **more: Any) -> Comparison:
    question = more.pop("question", Question("binary", 0.5, 0.5, 0.0))
    policy = POLICY.model_copy(update=more)
    return Comparison(place.target, attempt(mirror), policy, question)


@contextmanager
def answering(place: Place, answer: Answer = halves) -> Iterator[None]:
    with standin(answer) as url:
        place.url = url
        yield


def seconds(made: Comparison) -> list[float]:
    return [round(item.at - BEGUN, 3) for item in made.journal.compared]


def test_the_newest_requests_from_before_it_and_all_since_are_asked_again(place: Place) -> None:
    made = comparison(place, replay=2)
    logged(place, *(line(at) for at in (-3, -2, -1, 1, 2)), line(3, TWO, "other"))
    with answering(place):
        made.go_on(60)
        assert seconds(made) == [-2, -1, 1, 2]
        logged(place, line(4))
        made.go_on(60)
    assert seconds(made) == [-2, -1, 1, 2, 4]
    assert not any(item.mirrored for item in made.journal.compared)


def test_a_copy_of_the_router_is_known_by_its_bytes(place: Place) -> None:
    """The k-th request of some bytes and the k-th copy of them are one; nobody is asked."""
    logged(place, *(line(at, digest=digest) for at, digest in enumerate("abac", 1)))
    logged(place, line(1.1, TWO, "a", score=[0.6]), line(3.1, TWO, "a", score=[0.7]))
    logged(place, line(-5, TWO, "b", score=[0.9]), line(2.1, TWO, "", score=[0.9]))
    made = comparison(place, mirror=10)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shadowing, "GRACE", 10 * 365 * 86_400.0)
        made.go_on()
    assert seconds(made) == [1, 3]
    assert [item.candidate for item in made.journal.compared] == [[0.6], [0.7]]
    assert all(item.mirrored for item in made.journal.compared)
    with answering(place):
        made.go_on(60)
    assert seconds(made) == [1, 3, 2, 4], "what was not copied is asked"


def test_a_copy_may_be_written_down_before_its_request(place: Place) -> None:
    now = time.time() - BEGUN
    made = comparison(place, mirror=10)
    logged(place, line(now, TWO, "a", score=[0.6]))
    made.go_on()
    logged(place, line(now - 0.1, digest="a"))
    made.go_on()
    assert [item.candidate for item in made.journal.compared] == [[0.6]]


@pytest.mark.parametrize("labels", [True, False])
def test_labels_that_came_meanwhile_are_used_where_they_say_something(
    place: Place, labels: bool
) -> None:
    """About requests of the champion, by their ids; one that is worse by them is rejected."""
    question = Question("binary", 0.5, 0.5, 1.0, classes=("no", "yes"), labels=labels)
    made = comparison(place, question=question)
    logged(place, *(line(at, score=[0.9]) for at in range(1, 41)))
    with answering(place, lambda rows: (200, {"predictions": [0.1] * len(rows)})):
        made.go_on(60)
        (verdict,) = made.verdicts()
        assert verdict.details["loss"] is None, "none has come"
        with (place.predictions / "feedback.jsonl").open("w", encoding="utf-8") as file:
            for at in range(1, 41):
                file.write(json.dumps({"request_id": f"id-{ONE}-{at}", "truth": "yes"}) + "\n")
        (verdict,) = made.verdicts()
    assert (verdict.status == "fail") == labels, verdict
    assert ("its loss is worse" in verdict.why) == labels


def test_who_goes_on_asks_nothing_twice(place: Place) -> None:
    logged(place, *(line(at) for at in range(1, 6)))
    with answering(place):
        first = comparison(place)
        first.go_on(60)
        logged(place, line(7))
        again = comparison(place)
        again.go_on(60)
    assert seconds(again) == [1, 2, 3, 4, 5, 7]
    assert len(Journal(again.journal.path).read().compared) == 6


def test_it_asks_for_so_long_and_no_longer(place: Place) -> None:
    logged(place, *(line(at) for at in range(1, 60)))

    def slow(rows: list[dict[str, Any]]) -> tuple[int, Any]:
        time.sleep(0.05)
        return halves(rows)

    made = comparison(place)
    with answering(place, slow):
        begun = time.monotonic()
        made.go_on(0.2)
        assert time.monotonic() - begun < 5
        assert 0 < len(made.journal.compared) < 59
        made.go_on(60)
    assert seconds(made) == list(range(1, 60))


def test_past_the_last_look_nothing_is_asked(place: Place) -> None:
    most = POLICY.most
    assert most == 160
    logged(place, *(line(at) for at in range(1, most + 40)))
    made = comparison(place)
    with answering(place):
        made.go_on(60)
        logged(place, line(most + 50))
        made.go_on(60)
    assert len(made.journal.compared) == most


def test_who_has_too_much_to_do_is_asked_later(place: Place) -> None:
    logged(place, line(1), line(2))
    made = comparison(place)
    with answering(place, lambda _: (503, {})):
        made.go_on()
    assert made.journal.compared == []
    with answering(place):
        made.go_on(60)
    assert seconds(made) == [1, 2]


@pytest.mark.parametrize("running", [{ONE: True}, {ONE: True, TWO: False}])
def test_a_candidate_that_died_failed_nothing(place: Place, running: dict[str, bool]) -> None:
    """What follows from that is the strategy's."""
    place.running = running
    logged(place, line(1))
    made = comparison(place)
    made.go_on()
    assert made.journal.compared == []


def test_what_was_compared_is_judged(place: Place) -> None:
    made = comparison(place)
    assert made.verdicts() == ()
    logged(place, *(line(at) for at in range(1, 31)))
    with answering(place):
        made.go_on(60)
    (verdict,) = made.verdicts()
    assert (verdict.gate, verdict.status, verdict.details["pairs"]) == ("shadow", "pass", 20)


def test_failures_are_evidence(place: Place) -> None:
    logged(place, *(line(at) for at in range(1, 80)))
    made = comparison(place)
    with answering(place, lambda _: (500, {})):
        made.go_on(60)
    (verdict,) = made.verdicts()
    assert (verdict.status, verdict.why) == (
        "fail", "it breaks down on rows that the champion answers",
    )  # fmt: skip


def test_what_cannot_be_asked_again_is_a_persons(place: Place) -> None:
    logged(place, line(1))
    made = comparison(place, question=Question(problem="age is sensitive"))
    made.go_on()
    (verdict,) = made.verdicts()
    assert (verdict.status, verdict.why, verdict.details) == ("hold", "age is sensitive", {})
    assert made.journal.compared == []


@pytest.mark.parametrize(
    ("mirror", "able", "share"), [(None, True, 10), (None, False, 0), (50, True, 50), (0, True, 0)]
)
def test_copies_are_made_where_the_router_can(
    mirror: int | None, able: bool, share: int, place: Place
) -> None:
    place.capabilities = Capabilities(lasting=True, mirror=able)
    assert share_of(place.target, Shadow(mirror=mirror)) == share


def bento(folder: Path, release: str, **more: Any) -> Bento:
    made = Bento(release, folder / release)
    made.model.mkdir(parents=True)
    contract = Contract.model_validate({**CONTRACT.model_dump(), **more})
    (made.model / "contract.json").write_text(contract.model_dump_json(), encoding="utf-8")
    return made


def evidence(**judged: Any) -> EvidenceFile:
    return EvidenceFile.model_validate({"release": TWO, "judged": judged})


def test_what_the_holdout_has_shown_counts_for_the_champion_that_it_was_shown_of(
    tmp_path: Path,
) -> None:
    roles = {"label": "late", "row_id": "id", "segments": ["origin", "airline"]}
    one = bento(tmp_path, ONE, threshold=0.4)
    two = bento(tmp_path, TWO, threshold=0.3, roles=roles)
    question = question_of(one, two, evidence(champion=ONE, flips=0.02), labels=True)
    known = Question("binary", 0.4, 0.3, 0.02, ("origin",), classes=("False", "True"), labels=True)
    assert question == known
    for other in (evidence(champion="r-other", flips=0.02), evidence(champion=ONE), None):
        assert question_of(one, two, other).expected_flips is None


def test_sensitive_inputs_and_other_classes_cannot_be_compared(tmp_path: Path) -> None:
    plain = bento(tmp_path, ONE)
    hidden = [{**item, "sensitive": item["name"] == "hour"}
              for item in CONTRACT.model_dump()["inputs"]]  # fmt: skip
    secret = bento(tmp_path, "r-secret", inputs=hidden)
    assert question_of(secret, plain, None).problem.startswith("hour is sensitive")
    assert question_of(plain, secret, None).problem == ""
    other = bento(tmp_path, "r-other", classes=("no", "yes"))
    assert "classes differ" in question_of(plain, other, None).problem


# In a whole deployment, through a target in memory.

SHADOW = "{ shadow: { mirror: 10 } }"
BOTH = "[shadow, canary]"


def test_a_shadow_is_followed_by_all_clients(
    origin: Origin, world: World, traffic: Traffic, shadows: Traffic
) -> None:
    shadows.says = ["wait", "wait", "go"]
    merged(origin, world, SHADOW)
    result = deploy(world, ENV, budget=60)
    assert result.step.state is State.VERIFIED
    assert kinds(world) == ["deployed", "shadow-1", "verified"]
    assert world.places[ENV].shares == {TWO: 100}
    assert world.places[ENV].mirrored is None


def test_a_shadow_is_followed_by_a_canary(
    origin: Origin, world: World, traffic: Traffic, shadows: Traffic
) -> None:
    shadows.says = ["wait", "go"]
    merged(origin, world, BOTH)
    deploy(world, ENV, budget=60)
    assert kinds(world) == ["deployed", "shadow-1", "step-1", "step-2", "step-3", "verified"]
    event = world.snapshot().attempt(ENV).events[1]
    assert event.evidence["champion"] == ONE
    assert event.evidence["mirror"] == 10


def test_while_it_lasts_copies_are_made_under_a_lease_and_clients_stay(
    origin: Origin, world: World, traffic: Traffic, shadows: Traffic
) -> None:
    shadows.says = ["wait"]
    merged(origin, world, SHADOW)
    place = world.places[ENV]
    with Deployment(world, ENV) as deployment:
        steps = [deployment.tick() for _ in range(3)]
        assert steps[-1].state is State.SHADOWING
        assert place.shares == {ONE: 100}
        assert place.mirrored is not None
        assert place.mirrored.share == 10
        assert place.is_watched()
        with pytest.raises(HeldError, match="another command watches"):
            Deployment(world, ENV).tick()
        shown = next(row for row in status(world).environments if row.environment == ENV)
        assert (shown.state, shown.problem) == ("in shadow", "")
        assert "r-222222222222 was asked 0 rows" in str(shown.rollout)
    assert not place.is_watched()
    shown = next(row for row in status(world).environments if row.environment == ENV)
    assert "nobody watches the shadow" in shown.problem


def test_harm_ends_the_copies_at_once_and_a_rollback_follows(
    origin: Origin, world: World, traffic: Traffic, shadows: Traffic
) -> None:
    shadows.says = ["wait", "stop"]
    merged(origin, world, BOTH)
    result = deploy(world, ENV, budget=60)
    assert result.step.state is State.REJECTED
    assert kinds(world, age=1) == ["deployed", "shadow-1", "rejected"]
    assert world.places[ENV].mirrored is None
    assert world.places[ENV].shares == {ONE: 100}
    assert result.rollback is not None
    assert TWO not in ",".join(world.places[ENV].seen), "no client met it"


def test_a_candidate_that_dies_is_rejected(
    origin: Origin, world: World, traffic: Traffic, shadows: Traffic
) -> None:
    shadows.says = ["wait"]
    merged(origin, world, SHADOW)
    with Deployment(world, ENV) as deployment:
        for _ in range(3):
            deployment.tick()
        world.places[ENV].running[TWO] = False
        step = deployment.tick()
    assert step.state is State.REJECTED
    assert "died" in world.snapshot().attempt(ENV).events[-1].evidence["why"]


def test_who_leaves_ends_the_copies(
    origin: Origin, world: World, traffic: Traffic, shadows: Traffic
) -> None:
    shadows.says = ["wait"]
    merged(origin, world, SHADOW)
    with Deployment(world, ENV) as deployment:
        for _ in range(3):
            deployment.tick()
        deployment.leave()
        assert world.places[ENV].mirrored is None
    shadows.says = ["go"]
    assert deploy(world, ENV, budget=60).step.state is State.VERIFIED
    assert kinds(world) == ["deployed", "shadow-1", "verified"], "it goes on"


@pytest.mark.parametrize("by", ["rollback", "main"])
def test_whoever_wants_something_else_ends_it(
    origin: Origin, world: World, traffic: Traffic, shadows: Traffic, by: str
) -> None:
    shadows.says = ["wait"]
    merged(origin, world, SHADOW)
    with Deployment(world, ENV) as deployment:
        for _ in range(3):
            deployment.tick()
        if by == "rollback":
            rollback(world, ENV, reason="no", dry_run=False)
        else:
            origin.git("pull", "--quiet", "origin", "main")
            origin.promote(ENV, "r-333333333333", ONE)
            deployment.tick()
    assert world.places[ENV].mirrored is None
    assert world.places[ENV].shares == {ONE: 100}


def test_without_copies_it_works_on_a_target_that_cannot_mirror(
    origin: Origin, world: World, traffic: Traffic, shadows: Traffic
) -> None:
    shadows.says = ["wait", "go"]
    merged(origin, world, "shadow")
    world.places[ENV].capabilities = Capabilities(**{**vars_of(ABLE), "mirror": False})
    assert deploy(world, ENV, budget=60).step.state is State.VERIFIED
    assert world.snapshot().attempt(ENV).events[1].evidence["mirror"] == 0


def vars_of(capabilities: Capabilities) -> dict[str, bool]:
    return {name: getattr(capabilities, name) for name in Capabilities.__dataclass_fields__}
