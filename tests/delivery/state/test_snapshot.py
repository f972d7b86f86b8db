"""What main says: attempts, states, the champion and what to fall back on."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from typing import Any

import pytest

from delivery.errors import InputError
from delivery.events.beliefs import Reader
from delivery.events.event import State
from delivery.state.snapshot import Snapshot
from delivery.trust.keys import Role, own_public_key
from tests.origin import Origin

ONE, TWO, THREE = "r-111111111111", "r-222222222222", "r-333333333333"
RUN = subprocess.run


def verified(origin: Origin, environment: str, release: str, previous: str = "") -> str:
    attempt = origin.want(environment, release, previous)
    origin.happened(environment, attempt, "deployed", release)
    origin.happened(environment, attempt, "verified", release)
    return attempt


def test_a_fresh_main_has_no_champion(origin: Origin) -> None:
    snapshot = origin.snapshot()
    assert not snapshot.champion().exists
    assert snapshot.attempt("staging").state is State.MERGED


def test_the_champion_is_what_is_verified_in_the_last_environment(origin: Origin) -> None:
    verified(origin, "staging", TWO)
    verified(origin, "production", ONE)
    assert origin.snapshot().champion().release == ONE


def test_a_release_in_flight_is_not_champion(origin: Origin) -> None:
    verified(origin, "production", ONE)
    origin.want("production", TWO, previous=ONE)
    assert origin.snapshot().champion().release == ONE


def test_a_rejected_release_is_not_champion(origin: Origin) -> None:
    verified(origin, "production", ONE)
    attempt = origin.want("production", TWO, previous=ONE)
    origin.happened("production", attempt, "rejected", TWO)
    snapshot = origin.snapshot()
    assert snapshot.champion().release == ONE
    assert snapshot.history("production").failed(TWO) is not None
    assert snapshot.history("production").failed(ONE) is None


def test_a_rollback_makes_the_previous_champion_at_once(origin: Origin) -> None:
    verified(origin, "production", ONE)
    attempt = verified(origin, "production", TWO, previous=ONE)
    origin.happened("production", attempt, "revoked-1", TWO)
    assert origin.snapshot().champion().release == ONE
    origin.want("production", ONE, of=TWO)
    assert origin.snapshot().champion().release == ONE


def test_the_fallback_is_the_newest_that_still_stands(origin: Origin) -> None:
    verified(origin, "production", ONE)
    bad = verified(origin, "production", TWO, previous=ONE)
    origin.happened("production", bad, "revoked-1", TWO)
    verified(origin, "production", THREE, previous=ONE)
    snapshot = origin.snapshot()
    assert snapshot.history("production").fallback(THREE).release == ONE
    assert not snapshot.history("staging").fallback(ONE).exists


def test_the_work_tree_says_nothing(origin: Origin) -> None:
    file = origin.path / "infra/environments/staging/desired.yaml"
    file.write_text("nonsense")
    (origin.path / "delivery.yaml").write_text("nonsense")
    snapshot = origin.snapshot()
    assert not snapshot.desired("staging").wanted.exists
    assert list(snapshot.settings.environments) == ["staging", "production"]


def test_a_release_that_is_not_there_is_named(origin: Origin) -> None:
    with pytest.raises(InputError, match=f"no release {ONE}.*delivery release"):
        origin.snapshot().record(ONE)


def test_an_environment_that_is_not_there_names_those_that_are(origin: Origin) -> None:
    with pytest.raises(InputError, match="staging, production"):
        origin.snapshot().attempt("prod")


def test_an_environment_is_resolved_with_its_neighbours(origin: Origin) -> None:
    snapshot = origin.snapshot()
    staging, production = (snapshot.environment(name) for name in ("staging", "production"))
    assert (staging.upstream, staging.downstream) == (None, "production")
    assert (production.upstream, production.downstream) == ("staging", None)
    assert snapshot.attempt("staging").environment == staging


def test_what_comes_to_main_later_is_in_a_new_snapshot(origin: Origin) -> None:
    attempt = origin.want("staging", ONE)
    before = origin.snapshot()
    origin.happened("staging", attempt, "verified", ONE)
    verified(origin, "staging", TWO)
    assert [made.state for made in before.history("staging")][:1] == [State.MERGED]
    after = origin.snapshot()
    assert [made.state for made in after.history("staging")][:2] == [State.VERIFIED] * 2


def test_a_malformed_tag_is_named_by_who_asks_about_its_attempt(origin: Origin) -> None:
    attempt = origin.want("staging", ONE)
    origin.repository.create_tag(f"promo/staging/{attempt}/celebrated", attempt, "by hand")
    snapshot = origin.snapshot()
    assert not snapshot.champion().exists
    with pytest.raises(InputError, match=f"promo/staging/{attempt}/celebrated"):
        snapshot.attempt("staging")


def test_a_tag_about_no_attempt_of_main_is_left_alone(origin: Origin) -> None:
    attempt = origin.want("staging", ONE)
    origin.repository.create_tag("promo/staging/abc/deployed", attempt, "by hand")
    assert origin.snapshot().attempt("staging").state is State.MERGED


DESIRED = "infra/environments/staging/desired.yaml"


@pytest.mark.parametrize("text", ["nonsense", "data: [", "data:\n  release: 7\n", "\x00"])
def test_an_attempt_that_cannot_be_read_was_rejected_and_says_why(
    origin: Origin, text: str
) -> None:
    verified(origin, "staging", ONE)
    origin.push({DESIRED: text})
    origin.want("staging", TWO)
    newest, malformed, before = origin.snapshot().history("staging").attempts[:3]
    assert (newest.desired.wanted.release, newest.state) == (TWO, State.MERGED)
    assert (malformed.state, malformed.desired.wanted.exists) == (State.REJECTED, False)
    assert DESIRED in malformed.malformed
    assert (before.desired.wanted.release, before.malformed) == (ONE, "")


def test_a_file_that_is_gone_or_no_text_is_an_attempt_that_cannot_be_read(origin: Origin) -> None:
    file = origin.path / DESIRED
    file.unlink()
    gone = origin.push({})
    file.write_bytes(b"# caf\xe9\n")
    binary = origin.push({})
    attempts = origin.snapshot().history("staging").attempts
    assert [made.commit for made in attempts if made.malformed] == [binary, gone]


def test_the_champion_is_what_was_verified_whatever_a_file_says(origin: Origin) -> None:
    verified(origin, "production", ONE)
    origin.want("production", TWO, previous=THREE)
    assert origin.snapshot().champion().release == ONE
    origin.push({"infra/environments/production/desired.yaml": "nonsense"})
    assert origin.snapshot().champion().release == ONE
    origin.want("production", "")
    assert origin.snapshot().champion().release == ONE


def test_processes_of_git_do_not_grow_with_attempts(
    origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []

    def counted(command: list[str], **options: Any) -> Any:
        started.append(command)
        return RUN(command, **options)

    def processes() -> int:
        """How many it takes to learn all that the attempts say."""
        with monkeypatch.context() as patch:
            patch.setattr("delivery.git.command.subprocess.run", counted)
            started.clear()
            snapshot = origin.snapshot(fetch=False)
            history = snapshot.history("production")
            assert all(made.merged for made in history)
            history.fallback(ONE)
            history.recorded_levels(
                lambda made: snapshot.evidence("production", made.commit), snapshot.moment
            )
            snapshot.champion()
            return len(started)

    verified(origin, "production", ONE)
    few = processes()
    for release in (TWO, THREE, ONE, TWO):
        verified(origin, "production", release)
    assert processes() == few
    # The commit of main, the tags, the settings, the history, its files, the moment of main.
    assert few == 8


def test_records_are_the_ids_of_what_main_released(origin: Origin) -> None:
    assert list(origin.snapshot().records()) == []
    with pytest.raises(InputError, match="it has none yet"):
        origin.snapshot().record(ONE)
    origin.want("staging", TWO)
    origin.want("staging", THREE)
    origin.push({"releases/README.md": "no record\n", "other/r-1.yaml": "no record\n"})
    snapshot = origin.snapshot()
    assert sorted(snapshot.records()) == [TWO, THREE]
    assert [snapshot.record(release).id for release in (TWO, THREE)] == [TWO, THREE]
    told = f"no release {ONE}; it has {TWO}, {THREE}.*once its first promotion is merged"
    with pytest.raises(InputError, match=told):
        snapshot.record(ONE)


def test_a_record_that_cannot_be_read_is_named(origin: Origin) -> None:
    origin.push({f"releases/{ONE}.yaml": "id: [\n"})
    with pytest.raises(InputError, match=rf"releases/{ONE}\.yaml"):
        origin.snapshot().record(ONE)


def test_a_file_that_is_not_there_is_named_with_what_to_do(origin: Origin) -> None:
    (origin.path / DESIRED).unlink()
    origin.push({})
    with pytest.raises(InputError, match=f"{DESIRED}.*Restore it from the template"):
        origin.snapshot().desired("staging")


def test_an_attempt_replaces_what_was_proposed_and_admitted_before_it(origin: Origin) -> None:
    """And what people did since. The first replaces what main began with."""
    first = origin.want("staging", ONE)
    by_hand = origin.push({DESIRED: "by hand\n"})
    second = origin.want("staging", TWO)
    snapshot = origin.snapshot()
    newest, hand, before = snapshot.history("staging").attempts[:3]
    assert [made.commit for made in (newest, hand, before)] == [second, by_hand, first]
    assert list(snapshot.replaced_by(newest)) == [by_hand, first]
    assert list(snapshot.replaced_by(hand)) == [first]
    start = snapshot.history("staging").attempts[-1]
    assert list(snapshot.replaced_by(before)) == [start.commit]
    assert list(snapshot.replaced_by(start)) == ["none"]


def test_the_same_texts_again_go_on_with_the_same_attempt(origin: Origin) -> None:
    origin.want("staging", ONE)
    text = (origin.path / DESIRED).read_text()
    origin.push({DESIRED: "by hand\n"})
    origin.push({DESIRED: text})
    again, hand, first, *rest = origin.snapshot().history("staging").attempts
    replaced = origin.snapshot().replaced_by(again)
    assert list(replaced) == [hand.commit, first.commit, *(made.commit for made in rest)]


def test_what_main_does_not_have_yet_comes_next(origin: Origin) -> None:
    first = origin.want("staging", ONE)
    snapshot = origin.snapshot()
    coming = replace(snapshot.attempt("staging"), commit="f" * 40)
    assert list(snapshot.replaced_by(coming)) == [first]


def test_main_at_another_commit_keeps_its_policy_and_history(origin: Origin) -> None:
    before = origin.git("rev-parse", "HEAD")
    origin.want("staging", ONE)
    origin.push({"delivery.yaml": "environments: {}\n"}, branch="mine")
    snapshot = origin.snapshot()
    then = snapshot.at(before)
    assert (then.commit, then.main) == (before, snapshot.main)
    assert not then.desired("staging").wanted.exists
    assert then.settings is snapshot.settings
    assert then.attempt("staging") == snapshot.attempt("staging")


@pytest.mark.parametrize("rehearses", [True, False])
def test_here_is_where_this_machine_deploys(origin: Origin, rehearses: bool) -> None:
    attempt = origin.want("staging", ONE)
    origin.happened("staging", attempt, "deployed", ONE)
    reader = Reader(own_public_key(os.environ, Role.EVENTS))
    made = Snapshot(origin.repository, reader, rehearses=rehearses).attempt("staging")
    assert made.target == ("rehearsal" if rehearses else "local")
    here, elsewhere = ([event.kind for event in found] for found in (made.events, made.elsewhere))
    assert (here, elsewhere) == (([], ["deployed"]) if rehearses else (["deployed"], []))
