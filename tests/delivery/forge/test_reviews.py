"""Who asked for what came to main, and who approved it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from delivery.forge.github import GithubForge
from delivery.forge.protocol import Approval
from delivery.github.api import GithubApi
from tests.delivery.github.client import WRITES, Clock
from tests.github import governed, rules
from tests.github.actors import Actor
from tests.github.checks import report_run
from tests.github.hub import Hub
from tests.origin import Origin

ADA, BOB = Hub.person("Ada", "write"), Hub.person("bob", "write")
Branch = Callable[..., str]
assert governed  # its routes tell the rules of a branch


@pytest.fixture
def reviewed(origin: Origin) -> Iterator[Hub]:
    """A GitHub whose main wants a review."""
    wanted = rules.protected(Hub.app_id, reviews=1, checks=("ci",))
    with Hub(origin.bare, rulesets=wanted) as started:
        yield started


def forge(hub: Hub, clock: Clock) -> GithubForge:
    api = GithubApi(hub.url, hub.token(hub.bot, WRITES), patience=clock.patience())
    return GithubForge(api, hub.slug, merges_itself=False)


def merged(hub: Hub, branch: Branch, author: Actor, *approve: Actor, by: Actor = BOB) -> str:
    """The commit on main."""
    commit = branch("one")
    number = hub.open_pull(author, "one", "One") if author != hub.bot else opened(hub)
    for person in approve:
        hub.approve(person, number)
    report_run(hub, "ci", commit, "pull_request", "success")
    if by != hub.bot:
        return hub.merge_pull(by, number)
    done = GithubForge(GithubApi(hub.url, hub.token(by, WRITES)), hub.slug, merges_itself=True)
    return str(done.merge(number).merge_commit)


def opened(hub: Hub) -> int:
    """By a machine."""
    api = GithubApi(hub.url, hub.token(hub.bot, WRITES))
    return GithubForge(api, hub.slug, merges_itself=False).open("one", "One", "", ()).number


def test_a_machine_opened_it_one_approved_and_another_merged(
    reviewed: Hub, branch: Branch, clock: Clock
) -> None:
    commit = merged(reviewed, branch, reviewed.bot, ADA)
    assert forge(reviewed, clock).approval(commit) == Approval(1, "", frozenset({"ada", "bob"}))


def test_the_author_is_named_and_the_merge_of_a_machine_approves_nothing(
    reviewed: Hub, branch: Branch, clock: Clock
) -> None:
    commit = merged(reviewed, branch, ADA, BOB, by=reviewed.bot)
    assert forge(reviewed, clock).approval(commit) == Approval(1, "ada", frozenset({"bob"}))


def test_the_last_word_of_a_reviewer_counts(reviewed: Hub, branch: Branch, clock: Clock) -> None:
    commit = merged(reviewed, branch, reviewed.bot, ADA, by=reviewed.bot)
    reviewed.ask(ADA, "POST", "/pulls/1/reviews", {"event": "COMMENT"})
    assert forge(reviewed, clock).approval(commit) == Approval(1, "", frozenset({"ada"}))
    reviewed.ask(ADA, "POST", "/pulls/1/reviews", {"event": "REQUEST_CHANGES"})
    assert forge(reviewed, clock).approval(commit) == Approval(1, "", frozenset())


def test_what_no_pull_request_brought_nobody_approved(reviewed: Hub, clock: Clock) -> None:
    assert forge(reviewed, clock).approval(reviewed.bare.branch("main") or "") == Approval()


def test_where_main_wants_no_review_nothing_is_told(hub: Hub, branch: Branch, clock: Clock) -> None:
    commit = merged(hub, branch, hub.bot)
    assert forge(hub, clock).approval(commit) is None


def test_a_plan_without_rules_wants_no_review(reviewed: Hub, clock: Clock) -> None:
    reviewed.plan = "free"
    assert forge(reviewed, clock).approval("0" * 40) is None
