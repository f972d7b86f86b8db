"""Who may sign what, where and when."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from pydantic import ValidationError

from delivery.errors import InputError
from delivery.trust.keys import own_public_key
from delivery.trust.signers import Revoked, Signer, broken_rule, public_keys, who_may

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = NOON.date()


def test_without_may_a_name_signs_releases_alone() -> None:
    trust = {
        "old": Signer(key="k"),
        "runner": Signer(key="k", may=("events",)),
        "both": Signer(key="k", may=("releases", "events")),
    }
    assert list(who_may(trust, "releases")) == ["old", "both"]
    assert list(who_may(trust, "events")) == ["runner", "both"]
    with pytest.raises(ValidationError):
        Signer(key="k", may=())


@pytest.mark.parametrize(
    ("signer", "rule"),
    [
        (Signer(key="k"), ""),
        (Signer(key="k", environments=("staging",), since=DAY, until=DAY), ""),
        (Signer(key="k", environments=("production",)), "environments is production"),
        (Signer(key="k", since=date(2026, 6, 2)), "since is 2026-06-02"),
        (Signer(key="k", until=date(2026, 5, 31)), "until is 2026-05-31"),
        (Signer(key="k", revoked=Revoked(at=DAY, why="lost")), "revoked.at is 2026-06-01 (lost)"),
    ],
)
def test_the_broken_rule_is_named(signer: Signer, rule: str) -> None:
    broken = broken_rule("ci", signer, "staging", NOON)
    assert rule in broken
    assert bool(broken) == bool(rule)


def test_keys_are_files_of_main_or_stand_there(tmp_path: Path) -> None:
    first, second = (
        own_public_key({"XDG_DATA_HOME": str(tmp_path / name)}, make=True) for name in "ab"
    )
    assert first is not None
    assert second is not None
    trust = {"file": Signer(key="keys/a.pub"), "here": Signer(key=second.pem)}
    keys = public_keys(trust, {"keys/a.pub": first.pem}.get)
    assert {name: key.id for name, key in keys.items()} == {"file": first.id, "here": second.id}
    with pytest.raises(InputError, match=r"trust\.file\.key of delivery\.yaml.*keys/a\.pub"):
        public_keys(trust, {}.get)
    with pytest.raises(InputError, match=r"trust\.file and trust\.here .* the same key"):
        public_keys(trust, {"keys/a.pub": second.pem}.get)


def test_days_are_those_of_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever zone a moment is written in, and whatever zone the machine is in."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    late = datetime(2026, 6, 1, 23, 30, tzinfo=timezone(timedelta(hours=-2)))  # 1:30 on June 2
    assert broken_rule("ci", Signer(key="k", since=date(2026, 6, 2)), "staging", late) == ""
    assert "signature is of 2026-06-02" in broken_rule(
        "ci", Signer(key="k", until=DAY), "staging", late
    )
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("environments", "said"), [(("a", "b"), "environments is a, b"), ((), "environments is empty")]
)
def test_all_environments_of_a_signer_are_named(environments: tuple[str, ...], said: str) -> None:
    signer = Signer(key="k", environments=environments)
    assert broken_rule("ci", signer, "staging", NOON) == f"trust.ci.{said}"


def test_a_key_that_stands_there_may_begin_with_empty_lines(tmp_path: Path) -> None:
    own = own_public_key({"XDG_DATA_HOME": str(tmp_path)}, make=True)
    assert own is not None
    assert public_keys({"ci": Signer(key=f"\n  \n{own.pem}")}, {}.get)["ci"].id == own.id


def test_what_is_no_key_is_named_by_its_file_or_its_place() -> None:
    with pytest.raises(InputError, match=r"keys/a\.pub"):
        public_keys({"ci": Signer(key="keys/a.pub")}, {"keys/a.pub": "nonsense"}.get)
    with pytest.raises(InputError, match=r"trust\.ci\.key"):
        public_keys({"ci": Signer(key="-----BEGIN nonsense")}, {}.get)
