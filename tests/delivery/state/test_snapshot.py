"""What main says: attempts, states, the champion and what to fall back on."""

from __future__ import annotations

import pytest

from delivery.errors import InputError
from delivery.state.events import State
from delivery.state.snapshot import Snapshot
from tests.origin import Origin

ONE, TWO, THREE = "r-111111111111", "r-222222222222", "r-333333333333"


def verified(origin: Origin, environment: str, release: str, previous: str = "") -> str:
    attempt = origin.want(environment, release, previous)
    origin.happened(environment, attempt, "deployed", release)
    origin.happened(environment, attempt, "verified", release)
    return attempt


def test_a_fresh_main_has_no_champion(origin: Origin) -> None:
    snapshot = Snapshot(origin.repository)
    assert not snapshot.champion().exists
    assert snapshot.attempt("staging").state is State.MERGED


def test_the_champion_is_what_is_verified_in_the_last_environment(origin: Origin) -> None:
    verified(origin, "staging", TWO)
    verified(origin, "production", ONE)
    assert Snapshot(origin.repository).champion().release == ONE


def test_a_release_in_flight_is_not_champion(origin: Origin) -> None:
    verified(origin, "production", ONE)
    origin.want("production", TWO, previous=ONE)
    assert Snapshot(origin.repository).champion().release == ONE


def test_a_rejected_release_is_not_champion(origin: Origin) -> None:
    verified(origin, "production", ONE)
    attempt = origin.want("production", TWO, previous=ONE)
    origin.happened("production", attempt, "rejected", TWO)
    snapshot = Snapshot(origin.repository)
    assert snapshot.champion().release == ONE
    assert snapshot.failed("production", TWO) is not None
    assert snapshot.failed("production", ONE) is None


def test_a_rollback_makes_the_previous_champion_at_once(origin: Origin) -> None:
    verified(origin, "production", ONE)
    attempt = verified(origin, "production", TWO, previous=ONE)
    origin.happened("production", attempt, "revoked-1", TWO)
    assert Snapshot(origin.repository).champion().release == ONE
    origin.want("production", ONE, of=TWO)
    assert Snapshot(origin.repository).champion().release == ONE


def test_the_fallback_is_the_newest_that_still_stands(origin: Origin) -> None:
    verified(origin, "production", ONE)
    bad = verified(origin, "production", TWO, previous=ONE)
    origin.happened("production", bad, "revoked-1", TWO)
    verified(origin, "production", THREE, previous=ONE)
    snapshot = Snapshot(origin.repository)
    assert snapshot.fallback("production", THREE).release == ONE
    assert not snapshot.fallback("staging", ONE).exists


def test_the_work_tree_says_nothing(origin: Origin) -> None:
    file = origin.path / "infra/environments/staging/desired.yaml"
    file.write_text("nonsense")
    (origin.path / "delivery.yaml").write_text("nonsense")
    snapshot = Snapshot(origin.repository)
    assert not snapshot.desired("staging").wanted.exists
    assert list(snapshot.settings.environments) == ["staging", "production"]


def test_a_release_that_is_not_there_is_named(origin: Origin) -> None:
    with pytest.raises(InputError, match=f"no release {ONE}.*delivery release"):
        Snapshot(origin.repository).record(ONE)


def test_an_environment_that_is_not_there_names_those_that_are(origin: Origin) -> None:
    with pytest.raises(InputError, match="staging, production"):
        Snapshot(origin.repository).attempt("prod")
