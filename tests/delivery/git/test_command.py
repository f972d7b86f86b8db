"""What git said is what a person reads."""

from __future__ import annotations

import pytest

from delivery.git.command import Git, GitError
from tests.origin import Origin


def test_what_git_said_is_in_the_error(origin: Origin) -> None:
    with pytest.raises(GitError, match=r"git rev-parse failed: .*no-such-branch") as refused:
        Git(origin.path).run("rev-parse", "no-such-branch")
    assert not refused.value.raced


def test_a_race_is_told_apart(origin: Origin) -> None:
    git = Git(origin.path)
    (origin.path / ".git/refs/heads/mine.lock").touch()
    with pytest.raises(GitError) as refused:
        git.run("update-ref", "refs/heads/mine", git.run("rev-parse", "HEAD"))
    assert refused.value.raced


def test_credentials_reach_git_and_nothing_asks(origin: Origin) -> None:
    git = Git(origin.path, {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "user.name",
                            "GIT_CONFIG_VALUE_0": "Ada"})  # fmt: skip
    assert git.run("config", "user.name") == "Ada"
