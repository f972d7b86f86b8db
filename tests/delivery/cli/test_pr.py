"""`delivery pr` lists, shows, opens, merges and closes pull requests of the local forge."""

from __future__ import annotations

import pytest

from tests.delivery.cli.conftest import CommandLine


@pytest.fixture
def opened(delivery: CommandLine) -> CommandLine:
    """A branch with one change, proposed as pull request 1."""
    delivery.monkeypatch.setattr("delivery.commands.pr.require_in_step", lambda _: None)
    delivery.origin.git("switch", "--quiet", "-c", "mine")
    delivery.origin.push({"x": "x\n"}, "Change x", branch="mine")
    run = delivery("pr", "open", "--body", "Why.")
    assert run.stdout == "pull request #1 open: Change x\n", run.exception
    return delivery


def test_an_open_one_is_listed_and_shown(opened: CommandLine) -> None:
    assert "Change x (mine)" in opened("pr", "list").stdout
    assert opened("pr", "show", "1").stdout.startswith("#1 Change x (open)\nWhy.")
    assert opened.json("pr", "list") == [opened.json("pr", "show", "1")]


def test_it_is_merged_once(opened: CommandLine) -> None:
    assert opened("pr", "merge", "1").stdout == "pull request #1 merged: Change x\n"
    assert opened.json("pr", "merge", "1")["state"] == "merged"


def test_it_is_closed_with_a_reason(opened: CommandLine) -> None:
    assert opened.json("pr", "close", "1", "--reason", "no")["reason"] == "no"
    assert "closed" in opened("pr", "list").stdout
