"""Commits without a work tree."""

from __future__ import annotations

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
