"""Whatever people do to main, what is served was verified here.

Histories of hand edits, reverts, squashes, rebases, merges in the wrong order, forced pushes and
kills, with real git and a target in memory.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from delivery.commands.attest import AttestRequest, attest
from delivery.commands.deploy import deploy
from delivery.commands.hold import hold, lift
from delivery.commands.rollback import rollback, rollback_offline
from delivery.deployment import active
from delivery.errors import DeliveryError
from delivery.git.refs import LogName
from delivery.state.desired import Desired, desired_path, evidence_path, render_desired
from delivery.state.record import render_record
from tests.delivery.deployment.production import ENV
from tests.delivery.place import Killed, Place, World, judgement
from tests.origin import Origin, copy_origin, make_origin, record, scratch, version

RELEASES = tuple(f"r-{digit * 12}" for digit in "123")
DESIRED, EVIDENCE = desired_path(ENV), evidence_path(ENV)
Files = Mapping[str, str | None]


@dataclass
class Story:
    """Production, what people do to it, and what it really went through."""

    origin: Origin
    world: World
    chance: random.Random
    patch: pytest.MonkeyPatch
    told: list[str] = field(default_factory=list)  # for whoever reads a failure
    closed: bool = False  # by a person, just now

    # What people do to main.

    def promotion_is_merged(self) -> None:
        """As delivery proposed it: by a merge, a squash, a rebase, or onto what main was then."""
        self._bring(self._proposed(), self.chance.choice(["merge", "squash", "rebase", "late"]))

    def file_is_edited(self) -> None:
        """It can be read and nobody proposed it."""
        wanted, previous, of = (self.chance.choice((*RELEASES, "")) for _ in range(3))
        desired = Desired(version(wanted), version(previous), of or "none")
        self._bring({DESIRED: render_desired(desired)}, self.chance.choice(["merge", "squash"]))

    def field_is_edited(self) -> None:
        """Perhaps nobody can read it any more."""
        text = self._main().get(DESIRED) or "data: {}\n"
        lines = text.splitlines(keepends=True)
        at = self.chance.randrange(len(lines))
        line = self.chance.choice(["", "  image: 7\n", "\tx: [\n", lines[at].replace('"', "", 1)])
        self._bring({DESIRED: "".join([*lines[:at], line, *lines[at + 1 :]])}, "squash")

    def file_is_removed(self) -> None:
        self._bring({DESIRED: None}, "squash")

    def something_is_reverted(self) -> None:
        """Back to what any earlier commit had."""
        self._bring(self._files(self.chance.choice(self._commits())), "squash")

    def half_is_reverted(self) -> None:
        """A conflict that was resolved with one file of each side."""
        old = self._files(self.chance.choice(self._commits()))
        path = self.chance.choice([DESIRED, EVIDENCE])
        self._bring({path: old[path]}, "merge")

    def main_is_forced(self) -> None:
        """Back to any earlier commit, or to a history without a past."""
        commit = self.chance.choice(self._commits())
        if self.chance.random() < 0.3:
            tree = self.origin.git("rev-parse", f"{commit}^{{tree}}")
            commit = self.origin.repository.commit_tree(tree, (), "Begin anew", "2026-01-01T00:00Z")
        self._push(commit)

    # What happens then.

    def deployed(self) -> None:
        self._judge_by(self.chance.choice(["pass", "pass", "fail", "hold"]))
        deploy(self.world, ENV, budget=60)

    def deployed_and_killed(self) -> None:
        """At any call, and run again."""
        self._judge_by("pass")
        self.place.calls_left = self.chance.randrange(5)
        try:
            with contextlib.suppress(Killed):
                deploy(self.world, ENV, budget=60)
        finally:
            self.place.calls_left = None
        deploy(self.world, ENV, budget=60)

    def rolled_back(self) -> None:
        self._judge_by("pass")
        result = rollback(self.world, ENV, reason="complaints", dry_run=False)
        assert result.already or result.left not in self.place.shares, self.told

    def closed_by_a_person(self) -> None:
        self.closed = True
        rollback(self.world, ENV, reason="it leaks", dry_run=False, close=True)

    def rolled_back_without_origin(self) -> None:
        result = rollback_offline(self.world, ENV, reason="complaints", dry_run=False)
        assert result.already or result.left not in self.place.shares, self.told

    def rolled_back_and_killed(self) -> None:
        """At any call. The next command finishes it."""
        self.place.calls_left = self.chance.randrange(4)
        try:
            with contextlib.suppress(Killed):
                act = self.chance.choice([rollback, rollback_offline])
                act(self.world, ENV, reason="complaints", dry_run=False)
        finally:
            self.place.calls_left = None

    def held_for_a_while(self) -> None:
        """A deployment and two rollbacks try meanwhile."""
        hold(self.world, ENV, reason="an incident")
        before = (dict(self.place.shares), dict(self.place.running), self.place.entry)
        for attempt in (self.deployed, self.rolled_back, self.rolled_back_without_origin):
            with contextlib.suppress(DeliveryError):
                attempt()
        assert before == (self.place.shares, self.place.running, self.place.entry), self.told
        lift(self.world, ENV)

    def attested(self) -> None:
        attest(self.world, AttestRequest(ENV, "I looked"))

    # How.

    def _proposed(self) -> Files:
        """A release with what really was verified before it; at times somebody was in between."""
        wanted = self.chance.choice(RELEASES)
        believed = self.chance.choice([self.world.snapshot().history(ENV).verified.release, ""])
        previous = "" if believed == "none" else believed
        desired = render_desired(Desired(version(wanted), version(previous)))
        reason = self.chance.choice(["", "mended"])
        text = render_record(record(wanted))
        evidence = self.origin.evidence(ENV, version(wanted), text, reason=reason)
        self.origin.propose(ENV, desired, evidence)
        return {DESIRED: desired, EVIDENCE: evidence}

    def _bring(self, files: Files, way: str) -> None:
        """Bring a branch with these files to main."""
        git, main = self.origin.repository, self._tip()
        if way == "rebase":  # a commit for each file
            for path, text in files.items():
                main = git.commit_files(main, {path: text}, f"Change {path}")
            self._push(main)
            return
        base = self.chance.choice(self._commits()) if way == "late" else main
        branch = git.commit_files(base, files, "Change")
        squashed = git.commit_files(main, files, "Change")  # conflicts end as the branch has it
        if way == "squash":
            self._push(squashed)
            return
        tree = self.origin.git("rev-parse", f"{squashed}^{{tree}}")
        date = self.origin.git("show", "-s", "--format=%cI", main)
        self._push(git.commit_tree(tree, (main, branch), "Merge", date))

    def _push(self, commit: str) -> None:
        self.origin.git("push", "--quiet", "--force", "origin", f"{commit}:refs/heads/main")

    def _tip(self) -> str:
        self.origin.repository.fetch()
        return self.origin.repository.main()

    def _commits(self) -> list[str]:
        return self.origin.git("rev-list", "--first-parent", "-n", "8", self._tip()).split()

    def _files(self, commit: str) -> Files:
        texts = self.origin.repository.read_all(
            [f"{commit}:{path}" for path in (DESIRED, EVIDENCE)]
        )
        return dict(zip((DESIRED, EVIDENCE), texts, strict=True))

    def _main(self) -> Files:
        return self._files(self._tip())

    def _judge_by(self, status: str) -> None:
        self.patch.setattr(active, "judge_live", judgement(status))  # type: ignore[arg-type]

    # What must hold.

    @property
    def place(self) -> Place:
        return self.world.places[ENV]

    @property
    def verified(self) -> set[str]:
        """Every release that ever was verified here, be it on a main that is gone."""
        events = self.origin.snapshot().ledger.log(LogName(ENV)).events
        return {event.release for event in events if event.kind == "verified"}

    def act(self, name: str) -> None:
        """One act, and whether clients are as well off as before."""
        before, self.closed = set(self.place.shares), False
        self.told.append(name)
        try:
            with contextlib.suppress(DeliveryError):  # said to a person, who goes on
                getattr(self, name)()
        finally:
            self.patch.undo()
        served = set(self.place.shares)
        self.told.append(f"served: {', '.join(served) or 'nothing'}")
        assert served <= self.verified, self.told
        assert served or not before or self.closed, f"an outage that nobody asked for: {self.told}"


PEOPLE: tuple[Callable[[Story], None], ...] = (
    Story.promotion_is_merged, Story.promotion_is_merged, Story.file_is_edited,
    Story.field_is_edited, Story.file_is_removed, Story.something_is_reverted,
    Story.half_is_reverted, Story.main_is_forced,
)  # fmt: skip
THEN: tuple[Callable[[Story], None], ...] = (
    Story.deployed, Story.deployed, Story.deployed, Story.deployed_and_killed,
    Story.rolled_back, Story.closed_by_a_person, Story.attested,
    Story.rolled_back_without_origin, Story.rolled_back_and_killed, Story.held_for_a_while,
)  # fmt: skip
ACTS = st.lists(
    st.tuples(
        st.sampled_from([act.__name__ for act in PEOPLE]),
        st.sampled_from([act.__name__ for act in THEN]),
    ),
    min_size=3,
    max_size=5,
)


@pytest.fixture(scope="module")
def lived() -> tuple[Path, Place]:
    """All releases are verified in staging; the first two were brought up in production."""
    folder = scratch("histories-")
    origin = make_origin(folder)
    for release in RELEASES:
        origin.happened("staging", origin.want("staging", release), "verified", release)
    world, previous = World(origin.path, lambda _: None), ""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(active, "judge_live", judgement("pass"))
        for release in RELEASES[:2]:
            origin.want(ENV, release, previous)
            deploy(world, ENV, budget=60)
            previous = release
    return folder, world.places[ENV]


@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # a story that went wrong is told; to shorten it takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(acts=ACTS, seed=st.integers(0, 2**16))
def test_what_is_served_was_verified_here(
    lived: tuple[Path, Place], tmp_path: Path, acts: list[tuple[str, str]], seed: int
) -> None:
    folder, place = lived
    origin = copy_origin(folder, tmp_path)
    world = World(origin.path, lambda _: None, {ENV: deepcopy(place)})
    with pytest.MonkeyPatch.context() as patch:
        story = Story(origin, world, random.Random(seed), patch)
        for name in (name for pair in acts for name in pair):
            story.act(name)
