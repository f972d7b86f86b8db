"""What a checkout has, by real git."""

from __future__ import annotations

import pytest

from delivery.errors import InputError
from tests.origin import Origin


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


def test_a_dirty_tree_names_its_files(origin: Origin) -> None:
    (origin.path / "delivery.yaml").write_text("changed")
    with pytest.raises(InputError, match=r"delivery\.yaml.*git stash"):
        origin.repository.require_clean()
