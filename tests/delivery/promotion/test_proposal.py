"""Pull requests that promote or roll back, the same on both forges."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from delivery.errors import HeldError
from delivery.forge.github import GithubForge
from delivery.forge.protocol import Forge, Pull
from delivery.gates.judgement import Judgement
from delivery.gates.verdict import Verdict
from delivery.github.api import GithubApi
from delivery.promotion.proposal import Proposal, evidence, propose
from delivery.settings.overrides import NO_OVERRIDES
from delivery.state.desired import Desired, evidence_path
from delivery.state.evidence_file import EvidenceFile, render_evidence
from tests.delivery.place import Killed, World
from tests.delivery.racing import race
from tests.github.hub import Hub
from tests.origin import Origin, version

ONE, TWO = "r-111111111111", "r-222222222222"
ENV = "production"


@pytest.fixture(params=["local", "github"])
def world(request: pytest.FixtureRequest, origin: Origin) -> Iterator[World]:
    """A checkout whose forge is of either kind; on GitHub it pushes by HTTP as well."""
    made = World(origin.path, lambda _: None)
    if request.param == "local":
        yield made
        return
    with Hub(origin.bare) as hub:
        token = hub.token(hub.bot, {"contents": "write", "pull-requests": "write"})
        origin.git("remote", "set-url", "origin", hub.clone_url(token))
        made.__dict__["forge"] = GithubForge(
            GithubApi(hub.url, token), hub.slug, merges_itself=False
        )  # fmt: skip
        yield made


def proposal(wanted: str, rolls_back: str = "none", text: str = "report") -> Proposal:
    desired = Desired(version(wanted), version(""), rolls_back)
    return Proposal(ENV, desired, EvidenceFile(release=wanted), text, {})


def put(world: World, wanted: str, rolls_back: str = "none", **more: bool) -> Pull | None:
    return propose(world, world.snapshot(), proposal(wanted, rolls_back), **more)


def seen(world: World) -> list[tuple[str, str, tuple[str, ...], str]]:
    """What a person sees of all pull requests."""
    pulls = [world.forge.pull(pull.number) for pull in world.forge.pulls()]
    return [(pull.head, pull.state, pull.labels, pull.comment) for pull in pulls]


LABELS = ("promotion", f"promotion:{ENV}", f"environment:{ENV}")


def test_proposing_again_adopts_what_is_open(world: World) -> None:
    for _ in range(2):
        put(world, ONE)
    assert seen(world) == [(f"promote/{ENV}/{ONE}", "open", LABELS, "report")]


@contextmanager
def past_rules(origin: Origin) -> Iterator[None]:
    """Pushed to origin as if there were no rules of GitHub."""
    pushes_to = origin.git("remote", "get-url", "origin")
    origin.git("remote", "set-url", "origin", str(origin.bare))
    yield
    origin.git("remote", "set-url", "origin", pushes_to)


def test_what_is_open_is_renewed_once_something_else_came_in_between(
    world: World, origin: Origin
) -> None:
    put(world, ONE)
    before = world.repository.fetch_branch(f"promote/{ENV}/{ONE}")
    with past_rules(origin):
        attempt = origin.want(ENV, TWO)
    propose(world, world.snapshot(), proposal(ONE, text="judged anew"))
    after = world.repository.fetch_branch(f"promote/{ENV}/{ONE}")
    assert before is not None
    assert after not in (None, before)
    written = world.snapshot().evidence(ENV, after)
    assert written is not None
    assert written.replaces == attempt
    assert seen(world) == [(f"promote/{ENV}/{ONE}", "open", LABELS, "judged anew")]


@dataclass
class Mortal:
    """A forge whose caller is killed when it has `calls_left` to make."""

    forge: Forge
    calls_left: int

    def __getattr__(self, name: str) -> Callable[..., Any]:
        act = getattr(self.forge, name)

        def call(*arguments: Any, **named: Any) -> Any:
            if self.calls_left == 0:
                raise Killed
            self.calls_left -= 1
            return act(*arguments, **named)

        return call


@pytest.mark.parametrize("calls", range(1, 6))
def test_killed_at_any_call_it_ends_the_same(world: World, calls: int) -> None:
    put(world, ONE)
    forge = world.forge
    world.__dict__["forge"] = Mortal(forge, calls)
    with pytest.raises(Killed):
        put(world, TWO)
    world.__dict__["forge"] = forge
    put(world, TWO)
    assert seen(world) == [
        (f"promote/{ENV}/{ONE}", "closed", LABELS, "report"),
        (f"promote/{ENV}/{TWO}", "open", LABELS, "report"),
    ]


def test_a_machine_leaves_alone_what_a_person_closed(world: World) -> None:
    first = put(world, ONE)
    assert first is not None
    world.forge.close(first.number, "not now")
    assert put(world, ONE, by_person=False) is None
    again = put(world, ONE)
    assert again is not None
    assert again.number == first.number + 1
    adopted = put(world, ONE, by_person=False)
    assert adopted is not None, "it is open again, since somebody asked"
    assert adopted.number == again.number


def test_a_promotion_leaves_other_environments_alone(world: World) -> None:
    put(world, ONE)
    propose(
        world,
        world.snapshot(),
        Proposal("staging", Desired(version(TWO)), EvidenceFile(release=TWO), "other", {}),
    )
    assert [(head, state) for head, state, _, _ in seen(world)] == [
        (f"promote/{ENV}/{ONE}", "open"),
        (f"promote/staging/{TWO}", "open"),
    ]


@pytest.mark.parametrize(
    ("first", "second", "stays"),
    [("none", "none", 2), ("none", TWO, 2), (TWO, "none", 1)],
)
def test_of_two_that_are_opened_at_the_same_moment_one_stays(
    world: World, monkeypatch: pytest.MonkeyPatch, first: str, second: str, stays: int
) -> None:
    """Each looked for what is open before the other was. A rollback stays whatever is newer."""
    opens = world.forge.open

    def later(*arguments: Any) -> Pull:
        monkeypatch.undo()
        put(world, TWO, rolls_back=first)
        return opens(*arguments)

    monkeypatch.setattr(world.forge, "open", later)
    pull = put(world, ONE, rolls_back=second)
    assert [one.number for one in world.forge.pulls(state="open")] == [stays]
    assert pull is not None
    assert pull.state == ("open" if pull.number == stays else "closed")


def test_a_rollback_of_what_main_wants_no_more_gives_way(world: World, origin: Origin) -> None:
    put(world, ONE, rolls_back=TWO)
    with past_rules(origin):
        origin.want(ENV, TWO)
    put(world, ONE)
    assert [state for _, state, _, _ in seen(world)] == ["closed", "open"]


def test_what_is_open_and_does_not_merge_any_more_is_made_anew(
    world: World, origin: Origin
) -> None:
    """Main may get other evidence about the same attempt."""
    put(world, ONE)
    (open_,) = world.forge.pulls()
    with past_rules(origin):
        origin.push({evidence_path(ENV): '{"release": "edited"}\n'}, "Edit")
    assert world.repository.merged_tree(world.snapshot().commit, head_of(world, open_)) is None
    put(world, ONE)
    assert [(pull.number, pull.state) for pull in world.forge.pulls()] == [(open_.number, "open")]
    assert world.repository.merged_tree(world.snapshot().commit, head_of(world, open_))


def head_of(world: World, pull: Pull) -> str:
    """What its branch is at on origin, fetched."""
    commit = world.repository.fetch_branch(pull.head)
    assert commit is not None
    return commit


def test_evidence_names_an_override_only_where_there_is_one() -> None:
    verdicts = (
        Verdict("load", "fail", "m", "r", "w", override="urgent"),
        Verdict("smoke", "pass", "m", "r", "w", details={"rows": 3}),
    )
    written = evidence(ENV, Judgement(verdicts, ONE, None, {}), NO_OVERRIDES, "record")
    load, smoke = json.loads(render_evidence(written))["verdicts"]
    assert load["override"] == "urgent"
    assert set(smoke) == {"gate", "status", "measured", "required", "why"}
    assert "asked_by" not in json.loads(render_evidence(written))


def test_evidence_names_who_asked() -> None:
    made = evidence(ENV, Judgement((), ONE, None, {}), NO_OVERRIDES, "record", "ada")
    assert json.loads(render_evidence(made))["asked_by"] == "ada"


def test_a_promotion_waits_for_a_rollback_and_a_rollback_for_nothing(world: World) -> None:
    put(world, TWO)
    put(world, ONE, rolls_back=TWO)
    assert [state for _, state, _, _ in seen(world)] == ["closed", "open"]
    with pytest.raises(HeldError, match="rolls production back"):
        put(world, TWO)


def worlds(origin: Origin, folder: Path) -> list[World]:
    """This checkout and another clone."""
    other = folder / "other"
    origin.git("clone", "--quiet", str(origin.bare), str(other))
    return [World(origin.path, lambda _: None), World(other, lambda _: None)]


def test_who_proposes_at_the_same_moment_is_told_the_number_that_is_open(
    origin: Origin, tmp_path: Path
) -> None:
    here = worlds(origin, tmp_path)
    put(here[0], TWO)
    pulls = race(lambda caller: put(here[caller % 2], ONE))
    assert {(pull.number, pull.state) for pull in pulls if isinstance(pull, Pull)} == {(2, "open")}
    assert all(isinstance(pull, Pull) for pull in pulls), pulls
    assert [state for _, state, _, _ in seen(here[0])] == ["closed", "open"]


def test_who_was_overtaken_is_told_that_it_is_closed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    forge = world.forge
    comment = forge.comment

    def overtaken(number: int, text: str) -> None:
        comment(number, text)
        forge.close(number, "superseded by another")

    monkeypatch.setattr(forge, "comment", overtaken)
    pull = put(world, ONE)
    assert pull is not None
    assert pull.state == "closed"
