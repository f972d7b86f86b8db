"""The local forge: pull requests as refs of a bare repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery.errors import ForgeError
from delivery.forge.local import LocalForge
from delivery.forge.protocol import Pull
from delivery.git.repository import Repository
from tests.delivery.racing import race
from tests.origin import Origin


@pytest.fixture
def forge(origin: Origin) -> LocalForge:
    base = origin.git("rev-parse", "HEAD")
    for name in ("one", "two"):
        commit = origin.repository.commit_files(base, {f"{name}.txt": f"{name}\n"}, name)
        origin.repository.push_branch(commit, name)
    return LocalForge(origin.repository)


def test_opening_again_adopts_what_is_open(forge: LocalForge) -> None:
    first = forge.open("one", "One", "body", ("x",))
    assert forge.open("one", "another title", "", ()) == first
    assert forge.open("two", "Two", "", ()).number == first.number + 1
    assert [pull.title for pull in forge.pulls()] == ["One", "Two"]


def test_a_merge_moves_main_and_removes_the_branch(origin: Origin, forge: LocalForge) -> None:
    number = forge.open("one", "One", "", ()).number
    merged = forge.merge(number)
    main = origin.git("ls-remote", "origin", "refs/heads/main").split()[0]
    assert merged.state == "merged"
    assert merged.merge_commit == main
    assert origin.repository.read(main, "one.txt") == "one\n"
    assert not origin.git("ls-remote", "origin", "refs/heads/one")
    assert forge.merge(number) == merged


def test_both_merge_one_after_the_other(origin: Origin, forge: LocalForge) -> None:
    for head in ("one", "two"):
        forge.merge(forge.open(head, head, "", ()).number)
    origin.repository.fetch()
    assert {"one.txt", "two.txt"} <= set(origin.repository.names(origin.repository.main(), "."))


def test_a_conflict_names_what_to_do(origin: Origin, forge: LocalForge) -> None:
    origin.push({"one.txt": "something else\n"})
    number = forge.open("one", "One", "", ()).number
    with pytest.raises(ForgeError, match="git merge origin/main"):
        forge.merge(number)
    assert forge.pulls()[0].state == "open"


def test_the_comment_is_one_and_replaced(forge: LocalForge) -> None:
    number = forge.open("one", "One", "", ()).number
    forge.comment(number, "first")
    forge.comment(number, "second")
    assert forge.pulls()[0].comment == "second"


def test_a_closed_one_is_not_merged(forge: LocalForge) -> None:
    number = forge.open("one", "One", "", ()).number
    forge.close(number, "not now")
    with pytest.raises(ForgeError, match="not now"):
        forge.merge(number)


def test_one_that_is_not_there_is_named(forge: LocalForge) -> None:
    with pytest.raises(ForgeError, match="#7"):
        forge.merge(7)


def test_a_branch_that_moved_after_it_was_looked_at_is_not_merged(
    origin: Origin, forge: LocalForge
) -> None:
    number = forge.open("one", "One", "", ()).number
    with pytest.raises(ForgeError, match="moved"):
        forge.merge(number, commit=origin.git("rev-parse", "HEAD"))
    head = origin.git("ls-remote", "origin", "refs/heads/one").split()[0]
    assert forge.merge(number, commit=head).state == "merged"


def test_pulls_are_found_by_branch_and_state(forge: LocalForge) -> None:
    one, two = (forge.open(head, head, "", ()) for head in ("one", "two"))
    forge.close(one.number, "no")
    assert [pull.number for pull in forge.pulls(head="one")] == [one.number]
    assert forge.pulls(head="one", state="open") == ()
    assert forge.pulls(state="open") == (two,)


def test_one_that_is_adopted_gets_the_labels_it_lacks(forge: LocalForge) -> None:
    forge.open("one", "One", "", ("x",))
    assert forge.open("one", "One", "", ("x", "y")).labels == ("x", "y")


def clones(origin: Origin, folder: Path) -> list[LocalForge]:
    """The forge of this checkout and that of another clone."""
    other = folder / "other"
    origin.git("clone", "--quiet", str(origin.bare), str(other))
    return [LocalForge(origin.repository), LocalForge(Repository(other))]


def test_who_merges_what_another_merges_at_the_same_moment_is_told_that_it_is_merged(
    origin: Origin, forge: LocalForge, tmp_path: Path
) -> None:
    number = forge.open("one", "One", "", ()).number
    forges = clones(origin, tmp_path)
    merged = race(lambda caller: forges[caller % 2].merge(number))
    assert {pull.merge_commit for pull in merged if isinstance(pull, Pull)} == {
        forge.pull(number).merge_commit
    }, merged
    assert all(isinstance(pull, Pull) for pull in merged), merged


def test_who_closes_what_another_command_of_this_checkout_merges_is_told_that_it_is_merged(
    forge: LocalForge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The merge moves what was fetched here between two looks at it."""
    number, parse = forge.open("one", "One", "", ()).number, LocalForge._parse

    def later(text: str) -> Pull:
        monkeypatch.undo()
        forge.merge(number)
        return parse(text)

    monkeypatch.setattr(LocalForge, "_parse", staticmethod(later))
    assert forge.close(number, "superseded").state == "merged"
    assert forge.pull(number).state == "merged"


def test_who_opens_what_another_opens_at_the_same_moment_adopts_it(
    origin: Origin, forge: LocalForge, tmp_path: Path
) -> None:
    forges = clones(origin, tmp_path)
    opened = race(lambda caller: forges[caller % 2].open("one", "One", "", ("x",)))
    assert [pull.number for pull in opened if isinstance(pull, Pull)] == [1] * 10, opened


def test_an_open_one_whose_branch_is_gone_is_named(origin: Origin, forge: LocalForge) -> None:
    number = forge.open("one", "One", "", ()).number
    origin.git("push", "--quiet", "origin", ":refs/heads/one")
    with pytest.raises(ForgeError, match="its branch one is gone"):
        forge.merge(number)
