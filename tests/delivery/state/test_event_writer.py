"""Entries on a real origin: the first wins, and what tags said is carried over."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from delivery.errors import OutsideError
from delivery.events.entry import Checkpoint
from delivery.events.event import REHEARSAL, Event
from delivery.git.command import GitError
from delivery.git.refs import LogName
from delivery.git.repository import Repository
from delivery.state.event_writer import EventWriter
from tests.origin import Origin, tag_message

ONE = "r-111111111111"
STAGING = LogName("staging")


@pytest.fixture
def attempt(origin: Origin) -> str:
    commit = origin.want("staging", ONE)
    origin.repository.fetch()
    return commit


def event(attempt: str, kind: str, target: str = "local") -> Event:
    return Event("staging", attempt, kind, ONE, target, {"why": "é"})


def clone(origin: Origin) -> Origin:
    path = origin.path.parent / "other"
    subprocess.run(["git", "clone", "--quiet", str(origin.bare), str(path)], check=True)
    other = Origin(path, origin.bare)
    other.repository.fetch()
    return other


def test_what_is_written_is_read_everywhere(origin: Origin, attempt: str) -> None:
    assert origin.events.write(event(attempt, "deployed"), [])
    assert origin.events.write(event(attempt, "verified"), ["deployed"])
    for reader in (origin, clone(origin)):
        log = reader.snapshot().ledger.log(STAGING)
        assert list(log.events) == [event(attempt, "deployed"), event(attempt, "verified")]
    assert log.newest is not None
    assert log.newest.entry.main == origin.repository.main()
    assert log.newest.entry.actor == {"name": "tester"}


def test_who_comes_second_leaves_the_winners(origin: Origin, attempt: str) -> None:
    other = clone(origin)
    assert origin.events.write(event(attempt, "verified"), [])
    assert not other.events.write(event(attempt, "rejected"), [])
    assert not other.events.write(event(attempt, "verified"), [])
    assert [made.kind for made in other.snapshot().ledger.log(STAGING).events] == ["verified"]


def test_events_of_other_attempts_do_not_stand_in_the_way(origin: Origin, attempt: str) -> None:
    other = clone(origin)
    assert origin.events.write(event("9" * 40, "superseded"), [])
    assert other.events.write(event(attempt, "deployed"), [])
    assert len(list(origin.snapshot().ledger.log(STAGING).events)) == 2


def test_rehearsals_have_a_log_of_their_own(origin: Origin, attempt: str) -> None:
    assert origin.events.write(event(attempt, "verified", REHEARSAL), [])
    assert origin.events.write(event(attempt, "deployed"), [])
    snapshot = origin.snapshot()
    assert list(snapshot.ledger.kinds(STAGING, attempt)) == ["deployed"]
    assert list(snapshot.ledger.kinds(LogName("staging", rehearsed=True), attempt)) == ["verified"]


def test_a_log_begins_with_what_tags_said(origin: Origin, attempt: str) -> None:
    old = event(attempt, "deployed")
    origin.repository.create_tag(old.tag, attempt, tag_message(old))
    assert origin.events.write(event(attempt, "verified"), ["deployed"])
    origin.git("push", "--quiet", "--delete", "origin", f"refs/tags/{old.tag}")
    reader = clone(origin).snapshot()
    assert list(reader.ledger.kinds(STAGING, attempt)) == ["deployed", "verified"]
    assert not reader.ledger.doubts("staging")


def test_a_tag_that_comes_after_the_log_counts_for_nothing(origin: Origin, attempt: str) -> None:
    assert origin.events.write(event(attempt, "deployed"), [])
    forged = event(attempt, "verified")
    origin.repository.create_tag(forged.tag, attempt, tag_message(forged))
    assert list(origin.snapshot().ledger.kinds(STAGING, attempt)) == ["deployed"]


def test_time_never_runs_back_in_a_log(
    origin: Origin, attempt: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert origin.events.write(event(attempt, "deployed"), [])

    class Late:
        def isoformat(self) -> str:
            return "2001-01-01T00:00:00+00:00"

    class Clock:
        now = staticmethod(lambda _: Late())

    monkeypatch.setattr("delivery.state.event_writer.datetime", Clock)
    assert origin.events.write(event(attempt, "verified"), ["deployed"])
    monkeypatch.undo()
    assert not origin.snapshot().ledger.doubts("staging")


def test_an_origin_that_refuses_is_no_race(origin: Origin, attempt: str) -> None:
    hook = origin.bare / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no events here >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(GitError, match="no events here"):
        origin.events.write(event(attempt, "deployed"), [])


def test_a_checkpoint_after_somebody_wrote_is_none(origin: Origin, attempt: str) -> None:
    other = clone(origin)
    assert origin.events.write(event(attempt, "deployed"), [])
    stale = replace(other.events, look=lambda _: other.snapshot(fetch=False))
    assert not stale.attest(Checkpoint("staging", "I looked"))


def test_six_writers_at_once_write_one_event(origin: Origin, attempt: str, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.origin import Origin;"
        "from delivery.events.event import Event;"
        "o = Origin(Path(sys.argv[1]), Path(sys.argv[2])); o.snapshot(fetch=False);"
        f"print(o.events.write(Event('staging', {attempt!r}, 'verified', {ONE!r}, 'local'), []))"
    )
    clones = []
    for number in range(6):
        path = tmp_path / str(number)
        subprocess.run(["git", "clone", "--quiet", str(origin.bare), str(path)], check=True)
        Repository(path).fetch()
        clones.append(path)
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(path), str(origin.bare)],
            stdout=subprocess.PIPE, text=True,
        )
        for path in clones
    ]  # fmt: skip
    answers = [writer.communicate()[0].strip() for writer in writers]
    assert sorted(answers) == ["False"] * 5 + ["True"]
    assert len(list(origin.snapshot().ledger.log(STAGING).events)) == 1


def test_the_key_is_the_machines(origin: Origin, attempt: str, tmp_path: Path) -> None:
    other = {"XDG_DATA_HOME": str(tmp_path / "another machine")}
    stranger = EventWriter(origin.repository, other, {}, lambda _: origin.snapshot(fetch=False))
    assert stranger.write(event(attempt, "verified"), [])
    snapshot = origin.snapshot()
    assert list(snapshot.ledger.kinds(STAGING, attempt)) == []
    assert len(snapshot.ledger.doubts("staging").unattested) == 1


@pytest.mark.parametrize("target", ["local", REHEARSAL])
def test_a_checkpoint_vouches_for_the_log_that_it_names(
    origin: Origin, attempt: str, target: str
) -> None:
    """And for no other: each begins anew."""
    rehearsed = target == REHEARSAL
    assert origin.events.write(event(attempt, "deployed", target), [])
    assert origin.events.attest(Checkpoint("staging", "I looked", rehearsed))
    logs = origin.snapshot().ledger.logs("staging")
    newest = [log.newest.entry.happened if log.newest else None for log in logs]
    expected = Checkpoint("staging", "I looked", rehearsed)
    assert newest == ([None, expected] if rehearsed else [expected, None])


def test_what_tags_said_of_rehearsals_goes_to_the_log_of_rehearsals(
    origin: Origin, attempt: str
) -> None:
    old = event(attempt, "deployed", REHEARSAL)
    origin.repository.create_tag(old.tag, attempt, tag_message(old))
    assert origin.events.write(event(attempt, "verified", REHEARSAL), ["deployed"])
    real, rehearsals = origin.snapshot().ledger.logs("staging")
    assert (real.head, rehearsals.tags) == ("", {old.tag: tag_message(old)})
    first = origin.git("log", "--format=%B", "--reverse", f"origin/{rehearsals.name}")
    assert "events of the time before there was a log" in first


def test_a_log_that_changes_all_the_time_is_named(
    origin: Origin, attempt: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("delivery.state.event_writer.append", lambda *_: False)
    with pytest.raises(OutsideError, match=r"delivery/events/staging.*run the command again"):
        origin.events.write(event(attempt, "deployed"), [])
