"""What is fetched from origin and pushed to it, by real git."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from delivery.errors import InputError
from delivery.git.repository import Repository
from tests.origin import Origin


def test_of_two_tags_the_first_wins(origin: Origin) -> None:
    git, head = origin.repository, origin.git("rev-parse", "HEAD")
    assert git.create_tag("promo/staging/x/verified", head, "first")
    other = origin.path.parent / "other"
    subprocess.run(["git", "clone", "--quiet", str(origin.bare), str(other)], check=True)
    assert not Repository(other).create_tag("promo/staging/x/verified", head, "second")
    assert Repository(other).tags("promo/")["promo/staging/x/verified"] == "first"


def test_a_tag_that_is_there_stays_where_it_is(origin: Origin) -> None:
    git, base = origin.repository, origin.git("rev-parse", "HEAD")
    later = git.commit_files(base, {"a": "later\n"}, "Later")
    for commit in (base, later):
        git.push_tag(commit, "lock-1")
    assert origin.git("ls-remote", "origin", "refs/tags/lock-1").split()[0] == base


def test_a_branch_that_somebody_else_moved_is_not_overwritten(origin: Origin) -> None:
    git, base = origin.repository, origin.git("rev-parse", "HEAD")
    mine = git.commit_files(base, {"a": "mine\n"}, "Mine")
    git.push_branch(mine, "promote/x")
    git.push_branch(mine, "promote/x")
    assert origin.git("ls-remote", "origin", "refs/heads/promote/x").split()[0] == mine


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
