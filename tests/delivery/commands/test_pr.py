"""A branch is proposed from a clean checkout, and never main itself."""

from __future__ import annotations

import pytest

from delivery.commands import pr as command
from delivery.commands.pr import close_pull, list_pulls, merge_pull, open_pull, show_pull
from delivery.context import Context
from delivery.errors import HeldError, InputError
from delivery.forge.protocol import CANDIDATE
from tests.origin import Origin


@pytest.fixture
def context(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> Context:
    monkeypatch.setattr(command, "require_in_step", lambda _: None)
    return Context(origin.path, lambda _: None)


def branch(origin: Origin) -> None:
    origin.git("switch", "--quiet", "-c", "mine")
    origin.push({"x": "x\n"}, "Change x", branch="mine")


def test_main_is_not_proposed_to_itself(context: Context) -> None:
    with pytest.raises(HeldError, match="main"):
        open_pull(context, title="", body="")


def test_uncommitted_changes_are_named(origin: Origin, context: Context) -> None:
    branch(origin)
    (origin.path / "x").write_text("y\n")
    with pytest.raises(InputError, match="x"):
        open_pull(context, title="", body="")


def test_the_title_is_the_subject_unless_it_is_given(origin: Origin, context: Context) -> None:
    branch(origin)
    assert open_pull(context, title="", body="").pull.title == "Change x"
    opened = open_pull(context, title="Another", body="").pull
    assert (opened.number, opened.title) == (1, "Change x"), "the open one is adopted"
    assert opened.labels == (CANDIDATE,)


def test_a_pull_request_ends_merged_or_closed(origin: Origin, context: Context) -> None:
    branch(origin)
    open_pull(context, title="", body="")
    assert close_pull(context, 1, "").pull.reason == "closed by hand"
    open_pull(context, title="", body="")
    assert merge_pull(context, 2).pull.state == "merged"
    assert [pull.state for pull in list_pulls(context).pulls] == ["closed", "merged"]
    assert show_pull(context, 1).pull.state == "closed"
