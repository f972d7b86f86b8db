"""`delivery pr` lists, shows, opens, merges and closes pull requests of the local forge."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from delivery.errors import HeldError, InputError
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


ALL_THE_SAME = ("--unjudged", "--reason", "only the docs")


def test_it_is_merged_once(opened: CommandLine) -> None:
    merged = "pull request #1 merged: Change x\n"
    assert opened("pr", "merge", "1", *ALL_THE_SAME).stdout == merged
    assert opened.json("pr", "merge", "1")["state"] == "merged"


def test_what_no_gate_has_judged_is_held_where_nobody_can_be_asked(opened: CommandLine) -> None:
    run = opened("pr", "merge", "1")
    assert isinstance(run.exception, HeldError)
    assert "no gate has judged it" in str(run.exception)
    assert opened.json("pr", "show", "1")["state"] == "open"


def test_to_merge_it_all_the_same_needs_a_reason(opened: CommandLine) -> None:
    assert isinstance(opened("pr", "merge", "1", "--unjudged").exception, InputError)


@pytest.mark.parametrize(("answer", "state"), [("", "open"), ("it is urgent", "merged")])
def test_who_sits_at_a_terminal_is_asked(opened: CommandLine, answer: str, state: str) -> None:
    opened.monkeypatch.setattr("delivery.cli.pr.sys", SimpleNamespace(stdin=Terminal()))
    questions: list[str] = []

    def prompt(question: str, **_: object) -> str:
        questions.append(question)
        return answer

    opened.monkeypatch.setattr("click.prompt", prompt)
    opened("pr", "merge", "1")
    assert questions == ["#1: no gate has judged it. Merge it all the same? If so, say why"]
    assert opened.json("pr", "show", "1")["state"] == state


class Terminal:
    def isatty(self) -> bool:
        return True


def test_it_is_closed_with_a_reason(opened: CommandLine) -> None:
    assert opened.json("pr", "close", "1", "--reason", "no")["reason"] == "no"
    assert "closed" in opened("pr", "list").stdout
