"""The git adapter against real git."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from delivery.errors import InputError
from delivery.git import Repository
from tests.origin import Origin


def test_the_same_change_is_the_same_commit(origin: Origin) -> None:
    git = origin.repository
    base = origin.git("rev-parse", "HEAD")
    first = git.commit_files(base, {"a/b.txt": "x\n"}, "Add b")
    assert git.commit_files(base, {"a/b.txt": "x\n"}, "Add b") == first
    assert git.read(first, "a/b.txt") == "x\n"
    assert git.commit_files(base, {"a/b.txt": "y\n"}, "Add b") != first


def test_a_commit_leaves_the_work_tree_alone(origin: Origin) -> None:
    (origin.path / "mine.txt").write_text("unfinished")
    origin.repository.commit_files(origin.git("rev-parse", "HEAD"), {"theirs.txt": "x\n"}, "m")
    assert origin.repository.dirty() == ["mine.txt"]


def test_many_files_are_read_at_once(origin: Origin) -> None:
    git, base = origin.repository, origin.git("rev-parse", "HEAD")
    files = {"a.txt": "é\r\nx", "empty": "", "lines": "x\n\n\n", "name with missing": "y\n"}
    commit = git.commit_files(base, files, "m")
    names = [*files, "gone", "infra", "lines"]
    texts = git.read_all([f"{commit}:{name}" for name in names])
    assert texts == ["é\nx\n", "\n", "x\n", "y\n", None, None, "x\n"]
    assert git.read("0" * 40, "a.txt") is None
    assert git.read_all([]) == []
    assert git.blob(commit, "a.txt") == "é\r\nx".encode()


def test_of_two_tags_the_first_wins(origin: Origin) -> None:
    git, head = origin.repository, origin.git("rev-parse", "HEAD")
    assert git.create_tag("promo/staging/x/verified", head, "first")
    other = origin.path.parent / "other"
    subprocess.run(["git", "clone", "--quiet", str(origin.bare), str(other)], check=True)
    assert not Repository(other).create_tag("promo/staging/x/verified", head, "second")
    assert Repository(other).tags("promo/")["promo/staging/x/verified"] == "first"


def test_a_branch_that_somebody_else_moved_is_not_overwritten(origin: Origin) -> None:
    git, base = origin.repository, origin.git("rev-parse", "HEAD")
    mine = git.commit_files(base, {"a": "mine\n"}, "Mine")
    git.push_branch(mine, "promote/x")
    git.push_branch(mine, "promote/x")
    assert origin.git("ls-remote", "origin", "refs/heads/promote/x").split()[0] == mine


def test_the_attempt_is_the_merge_and_not_the_branch_commit(origin: Origin) -> None:
    origin.git("switch", "--quiet", "-c", "promote")
    (origin.path / "wanted").write_text("x")
    origin.git("add", "wanted")
    origin.git("commit", "--quiet", "-m", "Want x")
    origin.git("switch", "--quiet", "main")
    origin.git("merge", "--quiet", "--no-ff", "-m", "Merge", "promote")
    merge = origin.git("rev-parse", "HEAD")
    origin.git("push", "--quiet", "origin", "main")
    origin.repository.fetch()
    assert origin.repository.last_change("wanted") == merge


def test_a_shallow_clone_is_refused(origin: Origin, tmp_path: Path) -> None:
    origin.push({"more": "x"})
    clone = tmp_path / "shallow"
    subprocess.run(
        ["git", "clone", "--quiet", "--depth=1", f"file://{origin.bare}", str(clone)], check=True
    )
    with pytest.raises(InputError, match=r"git fetch --unshallow"):
        Repository(clone).fetch()


def test_no_origin_names_the_command(origin: Origin) -> None:
    origin.git("remote", "remove", "origin")
    with pytest.raises(InputError, match="git remote add origin"):
        origin.repository.fetch()


def test_outside_a_repository_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not inside a git repository"):
        Repository.find(tmp_path)


def test_a_dirty_tree_names_its_files(origin: Origin) -> None:
    (origin.path / "delivery.yaml").write_text("changed")
    with pytest.raises(InputError, match=r"delivery\.yaml.*git stash"):
        origin.repository.require_clean()
