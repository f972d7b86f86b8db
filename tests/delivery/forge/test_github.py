"""Pull requests on GitHub: every step can be repeated, and what people did is left alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from delivery.errors import ForgeError
from delivery.forge.comments import REPORT
from delivery.forge.github import GithubForge
from delivery.github.api import GithubApi
from delivery.github.errors import GithubError
from tests.delivery.github.client import WRITES, Clock
from tests.github import rules
from tests.github.checks import report_run
from tests.github.hub import Hub
from tests.origin import Origin

ADA = Hub.person("ada", "write")
BOB = Hub.person("bob", "write")
EVE = Hub.person("eve", "read")
Branch = Callable[..., str]


def test_opening_again_adopts_what_is_open(hub: Hub, forge: GithubForge, branch: Branch) -> None:
    commit = branch("one")
    first = forge.open("one", "One", "body", ("x", "environment:staging"))
    assert (first.head, first.head_commit, first.state) == ("one", commit, "open")
    assert first.labels == ("x", "environment:staging")
    hub.requests.clear()
    assert forge.open("one", "another title", "", ("x",)) == first
    assert [method for method, _ in hub.requests] == ["GET"]
    assert forge.pulls() == (first,)


def test_one_that_is_adopted_gets_the_labels_it_lacks(
    hub: Hub, forge: GithubForge, branch: Branch
) -> None:
    branch("one")
    number = hub.open_pull(ADA, "one", "Mine")
    hub.label(ADA, number, "mine")
    pull = forge.open("one", "One", "", ("promotion",))
    assert (pull.number, pull.title, pull.labels) == (number, "Mine", ("mine", "promotion"))


@pytest.mark.parametrize("path", ["/pulls$", "/labels$", "/issues/1/labels$", "/comments$"])
@pytest.mark.parametrize("carried_out", [True, False])
def test_what_was_made_but_answered_with_an_error_is_adopted(
    hub: Hub, forge: GithubForge, branch: Branch, path: str, carried_out: bool
) -> None:
    branch("one")
    hub.fail_next("POST", path, 502, carried_out=carried_out)
    pull = forge.open("one", "One", "", ("x", "y"))
    forge.comment(pull.number, "report")
    assert (list(hub.pulls), pull.labels) == ([1], ("x", "y"))
    assert hub.said(1) == [f"{REPORT}\nreport"]


def test_a_head_that_is_not_pushed_is_refused(forge: GithubForge) -> None:
    with pytest.raises(GithubError, match="PullRequest head invalid"):
        forge.open("nowhere", "One", "", ())


def test_a_branch_of_the_same_name_in_a_fork_is_not_ours(
    hub: Hub, forge: GithubForge, branch: Branch
) -> None:
    """An outsider may call a branch of theirs promote/production/…; it is never adopted."""
    hub.fork("eve")
    branch("one", "evil.txt", to=str(hub.repos["eve/model"].path))
    number = hub.open_pull(EVE, "eve:one", "Take mine")
    assert forge.pulls(head="one") == ()
    assert forge.pull(number).head == "eve:one"
    commit = branch("one")
    ours = forge.open("one", "One", "", ())
    assert (ours.number, ours.head_commit) == (number + 1, commit)
    assert [pull.number for pull in forge.pulls(head="one")] == [ours.number]
    assert [pull.head for pull in forge.pulls(state="open")] == ["eve:one", "one"]


def test_a_branch_of_the_same_name_in_a_fork_of_the_same_owner_is_not_ours(
    hub: Hub, forge: GithubForge, branch: Branch
) -> None:
    hub.fork("acme", "playground")
    branch("one", "evil.txt", to=str(hub.repos["acme/playground"].path))
    content = {"head": "acme:one", "head_repo": "playground", "base": "main", "title": "Play"}
    number = hub.ask(ADA, "POST", "/pulls", content)["number"]
    assert forge.pulls(head="one") == ()
    branch("one")
    assert forge.open("one", "One", "", ()).number == number + 1


def test_a_pull_request_of_a_fork_that_is_gone_is_still_listed(
    hub: Hub, forge: GithubForge, branch: Branch
) -> None:
    hub.fork("eve")
    branch("one", to=str(hub.repos["eve/model"].path))
    hub.open_pull(EVE, "eve:one", "Take mine")
    del hub.repos["eve/model"]
    assert [pull.head for pull in forge.pulls()] == ["eve:one"]


def test_all_of_more_than_a_page_come_oldest_first(
    hub: Hub, forge: GithubForge, branch: Branch
) -> None:
    branch("one")
    hub.close_pull(ADA, hub.open_pull(ADA, "one", "One"))
    for number in range(2, 106):
        hub.pulls[number] = replace(hub.pulls[1], number=number)
    last = forge.open("one", "One", "", ())
    hub.requests.clear()
    assert [pull.number for pull in forge.pulls()] == list(range(1, 107))
    assert len(hub.requests) == 2
    assert forge.pulls(head="one", state="open") == (last,)
    assert len(hub.requests) == 3


def test_one_that_a_person_closed_stays_closed(
    hub: Hub, forge: GithubForge, branch: Branch
) -> None:
    branch("one")
    first = forge.open("one", "One", "", ())
    hub.close_pull(ADA, first.number)
    assert forge.pulls(head="one")[0].state == "closed"
    assert forge.close(first.number, "superseded").state == "closed"
    assert hub.said(first.number) == []
    with pytest.raises(ForgeError, match="closed"):
        forge.merge(first.number)
    assert forge.open("one", "One", "", ()).number == first.number + 1
    assert hub.pulls[first.number].state == "closed"


def test_closing_says_why_once(hub: Hub, forge: GithubForge, branch: Branch) -> None:
    branch("one")
    number = forge.open("one", "One", "", ()).number
    hub.fail_next("PATCH", "/pulls/", 502, times=6)
    with pytest.raises(GithubError):
        forge.close(number, "superseded by two")
    for _ in range(2):
        assert forge.close(number, "superseded by two").state == "closed"
    assert [text.split("\n")[1] for text in hub.said(number)] == ["Closed: superseded by two"]


def test_a_merge_is_a_merge_commit_and_removes_the_branch(
    origin: Origin, hub: Hub, branch: Branch, as_: Callable[..., GithubForge]
) -> None:
    forge, commit = as_(hub.app_actor, WRITES), branch("one")
    main = hub.bare.branch("main")
    number = forge.open("one", "One", "", ()).number
    merged = forge.merge(number, commit=commit)
    assert merged.state == "merged"
    assert hub.bare.git("show", "-s", "--format=%H %P", "main") == (
        f"{merged.merge_commit} {main} {commit}"
    )
    assert hub.bare.branch("one") is None
    assert forge.merge(number) == merged
    assert forge.pulls(head="one") == (merged,)


@pytest.mark.parametrize("status", [502, 0])
def test_a_merge_whose_answer_was_lost_is_adopted(
    hub: Hub, forge: GithubForge, branch: Branch, status: int
) -> None:
    branch("one")
    number = forge.open("one", "One", "", ()).number
    hub.fail_next("PUT", "/merge", status, carried_out=True)
    assert forge.merge(number).merge_commit == hub.bare.branch("main")
    assert hub.bare.git("rev-list", "--merges", "--count", "main") == "1"


def test_a_killed_merge_is_finished_by_the_next(
    hub: Hub, forge: GithubForge, branch: Branch
) -> None:
    branch("one")
    number = forge.open("one", "One", "", ()).number
    hub.fail_next("DELETE", "/git/refs/", 502, times=6)
    with pytest.raises(GithubError):
        forge.merge(number)
    assert hub.bare.branch("one")
    assert forge.merge(number).state == "merged"
    assert hub.bare.branch("one") is None


def test_what_was_pushed_after_the_merge_is_kept(
    hub: Hub, forge: GithubForge, branch: Branch
) -> None:
    branch("one")
    number = forge.open("one", "One", "", ()).number
    hub.merge_pull(ADA, number)
    more = branch("one", "more.txt")
    assert forge.merge(number).state == "merged"
    assert hub.bare.branch("one") == more


def test_a_head_that_moved_is_refused(
    origin: Origin, hub: Hub, forge: GithubForge, branch: Branch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both where it moved before we look and between our look and the merge."""
    seen = branch("one")
    origin.git("remote", "set-url", "origin", hub.clone_url(hub.token(ADA)))
    number = forge.open("one", "One", "", ()).number
    branch("one", "evil.txt")
    with pytest.raises(ForgeError, match="moved after it was looked at"):
        forge.merge(number, commit=seen)
    put = GithubApi.put

    def late(api: GithubApi, path: str, body: dict[str, Any]) -> Any:
        branch("one", "worse.txt")
        return put(api, path, body)

    monkeypatch.setattr(GithubApi, "put", late)
    with pytest.raises(ForgeError, match="moved after it was looked at"):
        forge.merge(number)
    assert hub.pulls[number].merged_at is None


def test_a_conflict_names_what_to_do(origin: Origin, forge: GithubForge, branch: Branch) -> None:
    branch("one", "same.txt")
    origin.push({"same.txt": "something else\n"})
    number = forge.open("one", "One", "", ()).number
    with pytest.raises(ForgeError, match="git merge origin/main"):
        forge.merge(number)
    assert forge.pull(number).state == "open"


def test_a_main_that_just_moved_is_tried_again(
    hub: Hub, forge: GithubForge, branch: Branch, clock: Clock
) -> None:
    branch("one")
    number = forge.open("one", "One", "", ()).number
    busy = "Base branch was modified. Review and try the merge again."
    hub.fail_next("PUT", "/merge", 405, times=2, message=busy)
    assert forge.merge(number).state == "merged"
    assert clock.slept == [1.0, 2.0]
    branch("two")
    number = forge.open("two", "Two", "", ()).number
    hub.fail_next("PUT", "/merge", 405, times=5, message=busy)
    with pytest.raises(ForgeError, match="main kept moving"):
        forge.merge(number)


@pytest.fixture
def reviewed(origin: Origin) -> Iterator[Hub]:
    """A GitHub whose main wants a review and a check."""
    wanted = rules.protected(Hub.app_id, reviews=1, checks=("ci",))
    with Hub(origin.bare, rulesets=wanted) as started:
        yield started


def test_a_merge_without_the_review_and_the_check_is_refused(
    reviewed: Hub, branch: Branch, clock: Clock
) -> None:
    api = GithubApi(
        reviewed.url, reviewed.token(reviewed.bot, WRITES), patience=clock.patience()
    )  # fmt: skip
    forge = GithubForge(api, reviewed.slug, merges_itself=False)
    commit = branch("one")
    number = forge.open("one", "One", "", ()).number
    with pytest.raises(ForgeError, match="approving review") as failed:
        forge.merge(number)
    assert 'status check "ci"' in str(failed.value)
    reviewed.approve(ADA, number)
    report_run(reviewed, "ci", commit, "pull_request", "success")
    assert forge.merge(number).state == "merged"


@pytest.mark.parametrize(
    ("permissions", "act", "needs"),
    [
        ({"contents": "read"}, lambda f: f.open("two", "Two", "", ()), "pull-requests: write"),
        ({"contents": "read"}, lambda f: f.comment(1, "text"), "pull-requests: write"),
        ({"contents": "read"}, lambda f: f.close(1, ""), "pull-requests: write"),
        ({"pull-requests": "write"}, lambda f: f.merge(1), "contents: write"),
    ],
)
def test_a_missing_permission_is_named(
    hub: Hub, forge: GithubForge, branch: Branch, as_: Callable[..., GithubForge],
    permissions: dict[str, str], act: Callable[[GithubForge], Any], needs: str,
) -> None:  # fmt: skip
    branch("one")
    branch("two")
    forge.open("one", "One", "", ())
    with pytest.raises(GithubError, match=needs) as failed:
        act(as_(hub.bot, permissions))
    assert failed.value.status == 403
    assert (hub.said(1), hub.pulls[1].state, list(hub.pulls)) == ([], "open", [1])


def test_one_that_is_not_there_is_named(forge: GithubForge) -> None:
    for act in (forge.pull, forge.merge, lambda number: forge.close(number, "")):
        with pytest.raises(ForgeError, match="#7"):
            act(7)
