"""A caller that is remembered is one that would be let in anew."""

from __future__ import annotations

import asyncio
import json

import pytest

from serving.errors import Denied
from serving.guard.callers import auth
from serving.guard.callers.auth import Doorman, make_doorman
from serving.guard.callers.recent import CALLERS, SECONDS, Caller, RecentCallers
from serving.settings.host import Host
from serving.settings.service import ServingSettings, Start
from tests.serving.guard.callers.test_auth import entry

SECRET = b"Bearer secret"
CI = Caller("key:ci", frozenset({"predict"}), expires=1000.0)


class Time:
    def __init__(self) -> None:
        self.now = 0.0


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def recent(time: Time) -> RecentCallers:
    return RecentCallers(now=lambda: time.now, clock=lambda: time.now)


@pytest.mark.parametrize(("age", "known"), [(0, True), (SECONDS - 1, True), (SECONDS, False)])
def test_a_caller_is_remembered_for_a_while(
    recent: RecentCallers, time: Time, age: float, known: bool
) -> None:
    recent.add(SECRET, CI)
    time.now = age
    assert (recent.get(SECRET) is CI) == known
    assert len(recent._callers) == known


@pytest.mark.parametrize(("left", "known"), [(1, True), (0, False), (-1, False)])
def test_a_caller_is_forgotten_when_the_key_expires(
    recent: RecentCallers, time: Time, left: float, known: bool
) -> None:
    recent.add(SECRET, Caller("key:ci", CI.scopes, expires=5.0))
    time.now = 5.0 - left
    assert (recent.get(SECRET) is not None) == known


def test_nothing_but_the_very_credential_is_known(recent: RecentCallers) -> None:
    recent.add(SECRET, CI)
    for other in (b"", b"Bearer secre", b"Bearer secret ", b"bearer secret", b"secret"):
        assert recent.get(other) is None


def test_memory_is_bounded_and_holds_no_credential(recent: RecentCallers) -> None:
    for number in range(CALLERS + 10):
        recent.add(b"Bearer %d" % number, CI)
    assert len(recent._callers) == CALLERS
    assert recent.get(b"Bearer 0") is None
    assert recent.get(b"Bearer %d" % (CALLERS + 9)) is CI
    assert not any(b"Bearer" in digest for digest in recent._callers)


def test_two_workers_hash_differently() -> None:
    """Nobody can prepare credentials that hash alike."""
    assert RecentCallers()._digest(SECRET) != RecentCallers()._digest(SECRET)


def doorman(key: str = "secret", **fields: object) -> Doorman:
    host = Host(api_keys=json.dumps([entry(key, expires="2999-01-01T00:00:00Z", **fields)]))
    made = make_doorman(Start("r", ServingSettings(auth="keys"), host=host))
    assert made is not None
    return made


def admitted(door: Doorman, path: str, headers: dict[bytes, bytes]) -> str | None:
    return asyncio.run(door.admit(path, headers))


def test_a_key_is_checked_once_and_then_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    door, headers = doorman(), {b"authorization": SECRET}
    assert door.recognise("/predict", headers) is None
    assert admitted(door, "/predict", headers) == "key:ci"
    monkeypatch.setattr(auth.hmac, "compare_digest", None)
    assert door.recognise("/predict", headers) == "key:ci"


def test_whoever_guesses_adds_nothing_and_pushes_nobody_out() -> None:
    door, headers = doorman(), {b"authorization": SECRET}
    admitted(door, "/predict", headers)
    for number in range(CALLERS + 1):
        with pytest.raises(Denied):
            admitted(door, "/predict", {b"authorization": b"Bearer %d" % number})
    assert len(door._recent._callers) == 1
    assert door.recognise("/predict", headers) == "key:ci"


def test_a_recognised_caller_still_needs_the_scope() -> None:
    door, headers = doorman(scopes=["predict"]), {b"authorization": SECRET}
    admitted(door, "/predict", headers)
    assert door.recognise("/metrics", headers) is None
    with pytest.raises(Denied) as denied:
        admitted(door, "/metrics", headers)
    assert denied.value.status == 403


def test_open_paths_and_other_headers_go_the_long_way() -> None:
    door = doorman()
    admitted(door, "/predict", {b"authorization": SECRET})
    assert door.recognise("/livez", {b"authorization": SECRET}) is None
    assert door.recognise("/predict", {b"x-api-key": b"secret"}) is None
    both = {b"authorization": b"Basic abc", b"x-api-key": b"secret"}
    assert admitted(door, "/predict", both) == "key:ci"
    assert door.recognise("/predict", both) is None
