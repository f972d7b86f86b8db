"""A branch is proposed from a clean checkout, and never main itself."""

from __future__ import annotations

import pytest

from delivery.commands import pr as command
from delivery.commands.pr import (
    Insist,
    close_pull,
    list_pulls,
    merge_pull,
    open_pull,
    show_pull,
)
from delivery.context import Context
from delivery.errors import HeldError, InputError
from delivery.forge.protocol import CANDIDATE
from delivery.report.stamp import Stamp
from tests.origin import Origin


@pytest.fixture
def context(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> Context:
    monkeypatch.setattr(command, "require_in_step", lambda _: None)
    return Context(origin.path, lambda _: None)


def because(reason: str) -> Insist:
    """A person's answer, whatever is missing."""
    return lambda _: reason


def judged(context: Context, outcome: str) -> None:
    """Open the branch's pull request, and report on it as the gates do."""
    open_pull(context, title="", body="")
    head = context.repository.commit("HEAD")
    context.forge.comment(1, f"### Report\n\n{Stamp(head, outcome).line}\n")


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
    assert merge_pull(context, 2, because("the docs")).pull.state == "merged"
    assert [pull.state for pull in list_pulls(context).pulls] == ["closed", "merged"]
    assert show_pull(context, 1).pull.state == "closed"


def test_a_candidate_that_passed_is_merged_without_a_question(
    origin: Origin, context: Context
) -> None:
    branch(origin)
    judged(context, "passes")
    assert merge_pull(context, 1, because("")).pull.state == "merged"
    assert merge_pull(context, 1, because("")).pull.state == "merged", "once more is no question"


@pytest.mark.parametrize("outcome", ["is refused", "is held"])
def test_a_candidate_that_did_not_pass_is_held(
    origin: Origin, context: Context, outcome: str
) -> None:
    branch(origin)
    judged(context, outcome)
    with pytest.raises(HeldError, match=f"#1 .*it {outcome}.*delivery gate.*--unjudged"):
        merge_pull(context, 1, because(" "))
    assert context.forge.pull(1).state == "open"


def test_a_candidate_that_nobody_judged_is_held(origin: Origin, context: Context) -> None:
    branch(origin)
    open_pull(context, title="", body="")
    with pytest.raises(HeldError, match="no gate has judged it"):
        merge_pull(context, 1, because(""))


def test_what_was_pushed_after_the_gates_was_not_judged(origin: Origin, context: Context) -> None:
    branch(origin)
    judged(context, "passes")
    origin.push({"x": "y\n"}, "More", branch="mine")
    with pytest.raises(HeldError, match="its branch is elsewhere"):
        merge_pull(context, 1, because(""))


def test_the_reason_of_a_person_stays_with_the_report(origin: Origin, context: Context) -> None:
    branch(origin)
    judged(context, "is refused")
    assert merge_pull(context, 1, because("the gate is wrong")).pull.state == "merged"
    comment = context.forge.pull(1).comment
    assert comment.startswith("### Report")
    assert "(its gates say that it is refused): the gate is wrong" in comment


def test_a_promotion_was_judged_before_it_was_opened(origin: Origin, context: Context) -> None:
    branch(origin)
    context.forge.open("mine", "Promote", "", ("promotion",))
    assert merge_pull(context, 1, because("")).pull.state == "merged"
