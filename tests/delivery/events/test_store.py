"""The branches of the logs: read at once, moved by compare-and-swap, remembered."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from delivery.errors import InputError
from delivery.events.store import append, read_logs
from delivery.git.refs import LogName
from delivery.git.repository import Repository
from tests.origin import Origin

STAGING, REHEARSED = LogName("staging"), LogName("staging", rehearsed=True)


def test_there_are_none_at_first(origin: Origin) -> None:
    logs = read_logs(origin.repository)
    assert (logs.head(STAGING), logs.seen(STAGING), dict(logs.commits)) == ("", "", {})


def test_entries_are_read_with_their_parents_and_whole_messages(origin: Origin) -> None:
    git = origin.repository
    assert append(git, STAGING, "first\n\n{}\n", (), "")
    head = read_logs(git).head(STAGING)
    assert append(git, STAGING, "second é\n\nx\n", (head,), head)
    assert append(git, REHEARSED, "third\n", (), "")
    git.fetch()
    logs = read_logs(git)
    second = logs.commits[logs.head(STAGING)]
    assert (second.parents, second.message.rstrip()) == ((head,), "second é\n\nx")
    assert logs.commits[head].message.rstrip() == "first\n\n{}"
    assert len(logs.commits) == 3
    assert origin.git("ls-tree", logs.head(STAGING)) == ""


def test_an_expected_head_that_is_not_there_moves_nothing(origin: Origin) -> None:
    git = origin.repository
    assert append(git, STAGING, "first\n", (), "")
    head = read_logs(git).head(STAGING)
    assert not append(git, STAGING, "other first\n", (), "")
    git.fetch()
    assert read_logs(git).head(STAGING) == head


def test_what_was_seen_stays_when_it_is_gone_from_origin(origin: Origin) -> None:
    git = origin.repository
    assert append(git, STAGING, "first\n", (), "")
    logs = read_logs(git)
    logs.keep(git, STAGING)
    origin.git("push", "--quiet", "origin", "--delete", "delivery/events/staging")
    git.fetch()
    after = read_logs(git)
    assert (after.head(STAGING), after.seen(STAGING)) == ("", logs.head(STAGING))
    assert logs.head(STAGING) in after.commits


def test_a_push_that_origin_refuses_is_an_error(origin: Origin) -> None:
    origin.git("remote", "set-url", "origin", "/nonexistent")
    with pytest.raises(InputError, match="could not be fetched"):
        append(origin.repository, STAGING, "first\n", (), "")


def test_a_new_clone_misses_what_the_machine_saw(origin: Origin, tmp_path: Path) -> None:
    git, witness = origin.repository, tmp_path / "workspace" / "seen"
    witness.parent.mkdir()
    assert append(git, STAGING, "first\n", (), "")
    logs = read_logs(git, witness)
    logs.keep(git, STAGING)
    origin.git("push", "--quiet", "origin", "--delete", "delivery/events/staging")
    path = tmp_path / "new"
    subprocess.run(["git", "clone", "--quiet", str(origin.bare), str(path)], check=True)
    new = Repository(path)
    new.fetch()
    assert read_logs(new, witness).seen(STAGING) == logs.head(STAGING)
    assert read_logs(new).seen(STAGING) == ""
