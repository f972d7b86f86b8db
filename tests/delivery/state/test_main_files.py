"""Files of main at commits: each is read once, all of an environment's at a time."""

from __future__ import annotations

import pytest

from delivery.git.repository import Repository
from delivery.state.desired import desired_path, evidence_path
from delivery.state.main_files import MainFiles
from tests.origin import Origin

ONE = "r-111111111111"


def files(origin: Origin) -> MainFiles:
    origin.repository.fetch()
    return MainFiles(origin.repository, origin.repository.main())


def test_a_file_is_as_it_was_at_its_commit(origin: Origin) -> None:
    first = origin.push({"a.txt": "one\n"})
    second = origin.push({"a.txt": "two\n"})
    read = files(origin)
    assert [read.text(commit, "a.txt") for commit in (first, second)] == ["one\n", "two\n"]
    assert read.text(second, "gone.txt") == ""


def test_attempts_are_newest_first_with_both_files(
    origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = origin.want("staging", ONE)
    second = origin.push({desired_path("staging"): "nonsense", evidence_path("staging"): "x"})
    read = files(origin)
    assert [commit for commit, _ in read.changes("staging")][:2] == [second, first]
    monkeypatch.setattr(Repository, "read_all", lambda *_: pytest.fail("they were read already"))
    assert read.pair("staging", second) == ("nonsense\n", "x\n")
    assert read.evidence("staging", second) is None
    evidence = read.evidence("staging", first)
    assert evidence is not None
    assert evidence.release == ONE
