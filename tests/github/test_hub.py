"""The rules of the tests' GitHub: one that lets through what GitHub refuses proves nothing."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import jwt
import pytest

from tests.github import rules
from tests.github.actors import ACTIONS_ID, Actor
from tests.github.hub import Hub
from tests.origin import Origin

ADMIN, EVE = Hub.person("root", "admin"), Hub.person("eve", "read")
ADA, BOB = Hub.person("ada", "write"), Hub.person("bob", "write")
WRITES = {"contents": "write", "pull-requests": "write"}
TAG = "refs/tags/promo/staging/0123/deployed"
Ask = Callable[..., httpx.Response]


@pytest.fixture
def hub(origin: Origin) -> Iterator[Hub]:
    with Hub(origin.bare) as started:
        yield started


@pytest.fixture
def ask(hub: Hub) -> Ask:
    """A request below the repository by the holder of a token."""

    def send(token: str, method: str, path: str, **body: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"{hub.url}/repos/{hub.slug}{path}"
        return httpx.request(method, url, headers=headers, json=body or None, trust_env=False)

    return send


@pytest.fixture
def push(origin: Origin, hub: Hub) -> Callable[..., str]:
    """Push a commit by HTTP as the holder of a token; what git said, empty if it did it."""

    def run(
        token: str, ref: str, path: str = "file.txt", *options: str,
        slug: str = "", at: Hub = hub,
    ) -> str:  # fmt: skip
        base = origin.git("rev-parse", "HEAD")
        commit = origin.repository.commit_files(base, {path: f"{ref}\n"}, "Change")
        command = ["git", "-C", str(origin.path), "push", "--quiet", *options,
                   at.clone_url(token, slug), f"{commit}:{ref}"]  # fmt: skip
        environ = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
        assert (done.returncode == 0) == (not done.stderr)
        return done.stderr

    return run


def test_main_moves_by_pull_request_alone(hub: Hub, push: Callable[..., str]) -> None:
    before = hub.bare.branch("main")
    for token in (hub.token(ADMIN), hub.token(hub.bot, WRITES), hub.token(hub.app_actor, WRITES)):
        for options in ((), ("--force",)):
            said = push(token, "refs/heads/main", "file.txt", *options)
            assert "Changes must be made through a pull request" in said
    assert hub.bare.branch("main") == before
    assert push(hub.token(ADA), "refs/heads/topic") == ""
    hub.merge_pull(ADA, hub.open_pull(ADA, "topic", "Topic"))
    assert hub.bare.branch("main") != before


def test_promo_tags_are_made_by_machines_and_never_changed(
    hub: Hub, push: Callable[..., str]
) -> None:
    assert "creations being restricted" in push(hub.token(ADMIN), TAG)
    assert push(hub.token(hub.bot, WRITES), TAG) == ""
    assert push(hub.token(hub.app_actor, WRITES), TAG.replace("deployed", "verified")) == ""
    for token in (hub.token(ADMIN), hub.token(hub.bot, WRITES), hub.token(hub.app_actor, WRITES)):
        assert "Cannot update this protected ref" in push(token, TAG, "other.txt", "--force")
    assert push(hub.token(ADMIN), "refs/tags/v1") == ""


def test_a_promo_tag_is_not_deleted(origin: Origin, hub: Hub, push: Callable[..., str]) -> None:
    token = hub.token(hub.bot, WRITES)
    push(token, TAG)
    done = subprocess.run(
        ["git", "-C", str(origin.path), "push", hub.clone_url(token), f":{TAG}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Cannot delete this protected ref" in done.stderr
    assert TAG in hub.bare.refs(TAG)


@pytest.mark.parametrize(
    ("who", "permissions", "says"),
    [
        (Hub.bot, {"contents": "read"}, "denied to github-actions[bot]"),
        (Hub.app_actor, {"pull_requests": "write"}, "denied to delivery-bot[bot]"),
        (EVE, None, "denied to eve"),
    ],
)
def test_a_push_needs_permission(
    hub: Hub, push: Callable[..., str], who: Actor, permissions: Any, says: str
) -> None:
    assert "403" in push(hub.token(who, permissions), "refs/heads/topic")
    assert hub.bare.branch("topic") is None


def test_a_push_needs_a_token_that_is_one(hub: Hub, push: Callable[..., str]) -> None:
    for token in ("", "ghs_wrong"):
        assert push(token, "refs/heads/topic")
    assert hub.bare.branch("topic") is None


def test_machines_do_not_write_workflows(hub: Hub, push: Callable[..., str]) -> None:
    file = ".github/workflows/ci.yml"
    for who in (hub.bot, hub.app_actor):
        said = push(hub.token(who, WRITES), "refs/heads/topic", file)
        assert "without `workflows` permission" in said
    assert push(hub.token(ADA), "refs/heads/topic", file) == ""
    number = hub.open_pull(ADA, "topic", "Topic")
    with pytest.raises(AssertionError, match="403"):
        _as_app(hub, "PUT", f"/pulls/{number}/merge")


def _as_app(hub: Hub, method: str, path: str) -> None:
    token = hub.token(hub.app_actor, WRITES)
    answer = httpx.request(
        method, f"{hub.url}/repos/{hub.slug}{path}", trust_env=False,
        headers={"Authorization": f"Bearer {token}"},
    )  # fmt: skip
    assert answer.status_code < 400, answer.status_code


def test_a_private_repository_is_not_there_for_strangers(origin: Origin, ask: Ask) -> None:
    with Hub(origin.bare, private=True) as hub:
        url = f"{hub.url}/repos/{hub.slug}/pulls"
        assert httpx.get(url, trust_env=False).status_code == 404
        stranger = hub.token(Hub.person("mallory", "none"))
        for token, status in ((stranger, 404), (hub.token(EVE), 200), ("ghs_wrong", 401)):
            headers = {"Authorization": f"Bearer {token}"}
            assert httpx.get(url, headers=headers, trust_env=False).status_code == status
        command = ["git", "-c", "credential.helper=", "ls-remote"]
        for token, works in (("", False), (stranger, False), (hub.token(EVE), True)):
            done = subprocess.run(
                [*command, hub.clone_url(token)], capture_output=True, check=False,
                env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
            )  # fmt: skip
            assert (done.returncode == 0) is works


@pytest.mark.parametrize(
    ("method", "path", "anyone"),
    [
        ("GET", "/pulls", 200),
        ("GET", "/rulesets", 200),
        ("GET", "/actions/variables", 401),
        ("POST", "/pulls", 401),
        ("POST", "/issues/1/comments", 401),
        ("PUT", "/environments/x", 401),
        ("GET", "/nothing", 404),
    ],
)
def test_a_public_one_is_read_by_all_and_written_by_none(
    ask: Ask, method: str, path: str, anyone: int
) -> None:
    assert ask("", method, path).status_code == anyone


@pytest.mark.parametrize(
    ("method", "path", "needs"),
    [
        ("POST", "/issues/1/labels", "issues=write; pull_requests=write"),
        ("PUT", "/pulls/1/merge", "contents=write"),
        ("POST", "/releases", "contents=write"),
        ("POST", "/check-runs", "checks=write"),
        ("GET", "/actions/variables", "actions_variables=read"),
        ("PUT", "/environments/x", "administration=write"),
        ("PATCH", "", "administration=write"),
    ],
)
def test_a_machine_without_the_permission_is_told_which(
    hub: Hub, ask: Ask, method: str, path: str, needs: str
) -> None:
    answer = ask(hub.token(hub.bot, {"contents": "read"}), method, path)
    assert answer.status_code == 403
    assert answer.json()["message"] == "Resource not accessible by integration"
    assert answer.headers["x-accepted-github-permissions"] == needs


def test_no_workflow_gets_what_none_can_have(hub: Hub) -> None:
    for name in ("administration", "workflows", "nonsense"):
        with pytest.raises(ValueError, match=name):
            hub.token(hub.bot, {name: "write"})


def test_who_reads_may_speak_and_propose_from_a_fork(
    hub: Hub, ask: Ask, push: Callable[..., str]
) -> None:
    hub.fork("eve")
    token = hub.token(EVE)
    assert "403" in push(hub.token(BOB), "refs/heads/topic", slug="eve/model")
    assert push(token, "refs/heads/topic", slug="eve/model") == ""
    number = hub.open_pull(EVE, "eve:topic", "From outside")
    hub.say(EVE, number, "please")
    for method, path in (("PUT", f"/pulls/{number}/merge"), ("POST", f"/issues/{number}/labels")):
        assert ask(token, method, path, labels=["x"]).status_code == 403
    assert push(token, "refs/heads/topic", "more.txt", "--force", slug="eve/model") == ""
    head = hub.repos["eve/model"].branch("topic")
    assert hub.bare.commit(f"refs/pull/{number}/head") == head
    assert hub.events[-1].payload["pull_request"]["head"]["sha"] == head


def test_an_approval_is_of_what_was_read(
    origin: Origin, hub: Hub, push: Callable[..., str]
) -> None:
    with Hub(origin.bare, rulesets=rules.protected(hub.app_id, reviews=1)) as strict:
        push(strict.token(ADA), "refs/heads/topic", at=strict)
        number = strict.open_pull(ADA, "topic", "Topic")
        with pytest.raises(AssertionError, match="own pull request"):
            strict.approve(ADA, number)
        strict.approve(EVE, number)
        with pytest.raises(AssertionError, match="approving review is required"):
            strict.merge_pull(ADA, number)
        strict.approve(BOB, number)
        push(strict.token(ADA), "refs/heads/topic", "more.txt", "--force", at=strict)
        with pytest.raises(AssertionError, match="approving review is required"):
            strict.merge_pull(ADA, number)
        strict.approve(BOB, number)
        strict.merge_pull(ADA, number)


def test_events_say_who_and_whether_they_start_workflows(
    hub: Hub, push: Callable[..., str]
) -> None:
    push(hub.token(ADA), "refs/heads/topic")
    number = hub.open_pull(ADA, "topic", "Topic")
    hub.label(ADA, number, "retrain")
    push(hub.token(hub.bot, WRITES), "refs/heads/topic", "more.txt", "--force")
    hub.merge_pull(ADA, number)
    told = [(event.name, event.action, event.actor, event.triggers) for event in hub.events]
    bot = "github-actions[bot]"
    assert told == [
        ("push", "", "ada", True),
        ("pull_request", "opened", "ada", True),
        ("pull_request", "labeled", "ada", True),
        ("push", "", bot, False),
        ("pull_request", "synchronize", bot, False),
        ("pull_request", "closed", "ada", True),
        ("push", "", "ada", True),
    ]
    main = hub.events[-1].payload
    assert (main["ref"], main["after"]) == ("refs/heads/main", hub.bare.branch("main"))
    assert main["head_commit"]["added"] == ["more.txt"]
    assert hub.events[-2].payload["pull_request"]["merged"] is True


def test_the_refs_of_a_pull_request_follow_both_branches(
    origin: Origin, hub: Hub, push: Callable[..., str]
) -> None:
    push(hub.token(ADA), "refs/heads/topic", "same.txt")
    number = hub.open_pull(ADA, "topic", "Topic")
    pull = hub.ask(ADA, "GET", f"/pulls/{number}")
    assert pull["mergeable"] is True
    assert hub.bare.commit(f"refs/pull/{number}/merge") == pull["merge_commit_sha"]
    files = hub.ask(ADA, "GET", f"/pulls/{number}/files")
    assert [(file["filename"], file["status"]) for file in files] == [("same.txt", "added")]
    origin.push({"same.txt": "something else\n"})
    assert hub.ask(ADA, "GET", f"/pulls/{number}")["mergeable"] is False
    with pytest.raises(AssertionError, match="405"):
        hub.merge_pull(ADA, number)


def test_the_branch_gone_the_pull_request_closes(hub: Hub, push: Callable[..., str]) -> None:
    push(hub.token(ADA), "refs/heads/topic")
    number = hub.open_pull(ADA, "topic", "Topic")
    hub.ask(ADA, "DELETE", "/git/refs/heads/topic")
    assert hub.pulls[number].state == "closed"
    assert hub.pulls[number].merged_at is None


def claims(hub: Hub, **changed: int) -> dict[str, Any]:
    now = int(time.time())
    return {"iat": now - 60, "exp": now + 300, "iss": str(hub.app_id)} | changed


def test_an_app_gets_a_token_for_its_jwt(hub: Hub, ask: Ask) -> None:
    def post(payload: dict[str, Any], key: str = hub.app_pem, **body: Any) -> httpx.Response:
        bearer = {"Authorization": f"Bearer {jwt.encode(payload, key, algorithm='RS256')}"}
        found = httpx.get(
            f"{hub.url}/repos/{hub.slug}/installation", headers=bearer, trust_env=False
        )
        if found.status_code != 200:
            return found
        url = found.json()["access_tokens_url"]
        return httpx.post(url, headers=bearer, json=body, trust_env=False)

    token = post(claims(hub)).json()["token"]
    assert hub.tokens[token].actor == hub.app_actor
    assert ask(token, "POST", "/labels", name="x").status_code == 201
    narrow = post(claims(hub), permissions={"contents": "read"}).json()["token"]
    assert ask(narrow, "POST", "/labels", name="y").status_code == 403
    assert post(claims(hub), permissions={"administration": "write"}).status_code == 422
    for wrong in ({"exp": int(time.time()) - 1}, {"exp": int(time.time()) + 3600}):
        assert post(claims(hub, **wrong)).status_code == 401
    with Hub(hub.bare.path) as other:
        assert post(claims(hub), key=other.app_pem).status_code == 401


def test_a_ruleset_of_a_repository_cannot_name_the_actions_app(hub: Hub, ask: Ask) -> None:
    """So promo tags made by Actions alone need a ruleset of the organization, or an App."""
    bypass = [{"actor_id": ACTIONS_ID, "actor_type": "Integration", "bypass_mode": "always"}]
    wanted = rules.ruleset("tags", "tag", ["~ALL"], [{"type": "creation"}], bypass)
    answer = ask(hub.token(ADMIN), "POST", "/rulesets", **wanted)
    assert answer.status_code == 422
    assert "must be part of the ruleset source" in answer.text
    wanted["bypass_actors"][0]["actor_id"] = hub.app_id
    made = ask(hub.token(ADMIN), "POST", "/rulesets", **wanted).json()
    assert ask(hub.token(ADMIN), "GET", f"/rulesets/{made['id']}").json() == made
    seen = ask(hub.token(hub.bot, WRITES), "GET", f"/rulesets/{made['id']}").json()
    assert "bypass_actors" not in seen


@pytest.mark.parametrize(
    ("pattern", "ref", "fits"),
    [
        ("~DEFAULT_BRANCH", "refs/heads/main", True),
        ("~DEFAULT_BRANCH", "refs/heads/mainly", False),
        ("refs/tags/promo/**/*", "refs/tags/promo/a/b/c", True),
        ("refs/tags/promo/**/*", "refs/tags/promo/a", True),
        ("refs/tags/promo/**", "refs/tags/promo/a/b", False),
        ("refs/tags/promo/*", "refs/tags/promo/a/b", False),
        ("refs/tags/v?.*", "refs/tags/v1.2", True),
    ],
)
def test_patterns_cross_a_slash_as_githubs_do(pattern: str, ref: str, fits: bool) -> None:
    found = rules.ruleset("x", "tag", [pattern], [])
    assert rules.matches(found, ref) is fits


def test_settings_are_kept(hub: Hub) -> None:
    hub.ask(ADMIN, "PATCH", "", {"delete_branch_on_merge": True})
    policy = {"protected_branches": False, "custom_branch_policies": True}
    hub.ask(ADMIN, "PUT", "/environments/production", {"deployment_branch_policy": policy})
    policies = "/environments/production/deployment-branch-policies"
    hub.ask(ADMIN, "POST", policies, {"name": "main"})
    hub.ask(ADMIN, "POST", "/actions/variables", {"name": "train_runner", "value": "a"})
    hub.ask(ADMIN, "PATCH", "/actions/variables/TRAIN_RUNNER", {"value": "b"})
    assert hub.ask(ADA, "GET", "")["delete_branch_on_merge"] is True
    assert hub.ask(ADA, "GET", "/environments")["environments"][0]["name"] == "production"
    assert hub.ask(ADA, "GET", policies)["branch_policies"][0]["name"] == "main"
    assert hub.ask(ADA, "GET", "/actions/variables/train_runner")["value"] == "b"


def test_a_large_push_comes_in_chunks(origin: Origin, hub: Hub) -> None:
    """git sends more than a megabyte chunked, after asking without a body."""
    (origin.path / "large.bin").write_bytes(random.Random(1).randbytes(3_000_000))
    origin.git("add", "--all")
    origin.git("commit", "--quiet", "-m", "Large")
    url = hub.clone_url(hub.token(ADA))
    origin.git("push", "--quiet", url, "HEAD:refs/heads/large")
    assert hub.bare.branch("large") == origin.git("rev-parse", "HEAD")


def test_it_refuses_what_github_refuses(hub: Hub, ask: Ask, push: Callable[..., str]) -> None:
    push(hub.token(ADA), "refs/heads/topic")
    hub.open_pull(ADA, "topic", "Topic")
    token = hub.token(ADA)
    wrong = {"title": "x", "base": "main"}
    answers = {
        "already exists for acme:topic": ask(token, "POST", "/pulls", head="topic", **wrong),
        "No commits between": ask(token, "POST", "/pulls", head="main", **wrong),
        "missing_field": ask(token, "POST", "/pulls", **wrong),
        "maximum is 65536": ask(token, "POST", "/issues/1/comments", body="x" * 65_537),
        "invalid": ask(token, "POST", "/labels", name="x" * 51),
    }
    for says, answer in answers.items():
        assert answer.status_code == 422
        assert says in answer.text
    assert ask(token, "POST", "/issues/1/comments", body="x" * 65_536).status_code == 201


def test_an_event_is_recorded_by_the_first(origin: Origin, hub: Hub) -> None:
    """Creating a tag is compare-and-swap over HTTP too, and the rules let a machine do it."""
    token = hub.token(hub.bot, {"contents": "write"})
    origin.git("remote", "set-url", "origin", hub.clone_url(token))
    main, name = origin.git("rev-parse", "HEAD"), TAG.removeprefix("refs/tags/")
    assert origin.repository.create_tag(name, main, "{}")
    origin.git("tag", "--delete", name)
    assert not origin.repository.create_tag(name, main, "other")
    assert hub.events[-1].payload["ref"] == TAG
