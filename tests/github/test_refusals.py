"""What github.com refuses although its documentation reads as if it did not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.github import rules
from tests.github.checks import report_run
from tests.github.governed import GovernedHub
from tests.github.hub import Hub
from tests.origin import Origin

ADMIN, ADA = Hub.person("root", "admin"), Hub.person("ada", "write")
POLICY = {"protected_branches": False, "custom_branch_policies": True}
Ask = Callable[..., httpx.Response]


@pytest.fixture
def hub(origin: Origin) -> Iterator[GovernedHub]:
    with GovernedHub(origin.bare, root="admin", ada="write") as started:
        yield started


@pytest.fixture
def ask(hub: GovernedHub) -> Ask:
    """A request below the repository: by GITHUB_TOKEN with `permissions`, or by its admin."""

    def send(method: str, path: str, body: Any = None, **permissions: str) -> httpx.Response:
        token = hub.token(hub.bot, permissions) if permissions else hub.token(ADMIN)
        url = f"{hub.url}/repos/{hub.slug}{path}"
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.request(method, url, headers=headers, json=body, trust_env=False)

    return send


@pytest.fixture
def pull(origin: Origin, hub: GovernedHub) -> int:
    """A pull request that waits for the check ci."""
    hub.add_ruleset(rules.protected(hub.app_id, checks=("ci",))[0])
    commit = origin.repository.commit_files(origin.git("rev-parse", "HEAD"), {"a": "b\n"}, "Topic")
    origin.git("push", "--quiet", str(origin.bare), f"{commit}:refs/heads/topic")
    return hub.open_pull(ADA, "topic", "Topic")


def test_the_check_of_a_dispatched_run_is_not_that_of_the_pull_request(
    hub: GovernedHub, pull: int
) -> None:
    report_run(hub, "ci", hub.pulls[pull].head_sha, "workflow_dispatch", "success")
    with pytest.raises(AssertionError, match='Required status check "ci" is expected'):
        hub.merge_pull(ADA, pull)
    report_run(hub, "ci", hub.pulls[pull].head_sha, "pull_request", "success")
    hub.merge_pull(ADA, pull)


def test_a_commit_status_counts_and_takes_its_permission(
    hub: GovernedHub, ask: Ask, pull: int
) -> None:
    path = f"/statuses/{hub.pulls[pull].head_sha}"
    status = {"state": "success", "context": "ci"}
    assert ask("POST", path, status, checks="write").status_code == 403
    assert ask("POST", path, status | {"state": "fine"}, statuses="write").status_code == 422
    assert ask("POST", path, status, statuses="write").status_code == 201
    hub.merge_pull(ADA, pull)


def test_a_status_and_a_run_of_one_name_are_both_required(
    hub: GovernedHub, ask: Ask, pull: int
) -> None:
    commit = hub.pulls[pull].head_sha
    for state in ("success", "failure"):
        ask("POST", f"/statuses/{commit}", {"state": state, "context": "ci"}, statuses="write")
    report_run(hub, "ci", commit, "pull_request", "success")
    with pytest.raises(AssertionError, match='Required status check "ci" is failing'):
        hub.merge_pull(ADA, pull)
    newest = ask("GET", f"/commits/{commit}/status").json()["statuses"]
    assert [status["state"] for status in newest] == ["failure"]


def test_a_private_repository_on_free_has_no_rulesets(hub: GovernedHub, ask: Ask) -> None:
    hub.subscribe("free")
    for method, path in (("GET", "/rulesets"), ("POST", "/rulesets"), ("GET", "/rules/branches/x")):
        answer = ask(method, path)
        assert (answer.status_code, "Upgrade to GitHub Pro" in answer.text) == (403, True)
    assert ask("GET", "/labels").status_code == 200


@pytest.mark.parametrize(
    ("plan", "body", "status"),
    [
        ("public", {"wait_timer": 0, "reviewers": [], "deployment_branch_policy": POLICY}, 200),
        ("team", {"wait_timer": 0}, 422),
        ("team", {"reviewers": []}, 422),
        ("team", {"deployment_branch_policy": POLICY}, 200),
        ("free", {"deployment_branch_policy": POLICY}, 422),
        ("free", {}, 200),
    ],
)
def test_what_an_environment_may_ask_for_depends_on_the_plan(
    hub: GovernedHub, ask: Ask, plan: Any, body: dict[str, Any], status: int
) -> None:
    hub.subscribe(plan)
    answer = ask("PUT", "/environments/staging", body)
    assert answer.status_code == status
    assert ("billing plan" in answer.text) == (status == 422)


def test_an_environment_on_free_keeps_no_secret(hub: GovernedHub, ask: Ask) -> None:
    hub.secrets.add(("store", "KEY"))
    assert ask("GET", "/environments/store/secrets/KEY").status_code == 200
    hub.subscribe("free")
    assert ask("GET", "/environments/store/secrets/KEY").status_code == 404


def test_an_organisation_may_forbid_pull_requests_by_actions(hub: GovernedHub, ask: Ask) -> None:
    path, wanted = "/actions/permissions/workflow", {"can_approve_pull_request_reviews": True}
    assert ask("GET", path).json()["can_approve_pull_request_reviews"] is False, "as it begins"
    hub.forbids_pulls = True
    assert ask("PUT", path, wanted).status_code == 409
    answer = ask("POST", "/pulls", {"title": "x"}, pull_requests="write")
    assert (answer.status_code, "not permitted to create" in answer.text) == (403, True)
    hub.forbids_pulls = False
    assert ask("PUT", path, wanted).status_code == 204


def test_a_release_at_a_commit_that_touches_workflows_takes_the_right_to_write_them(
    origin: Origin, hub: GovernedHub, ask: Ask
) -> None:
    origin.push({".github/workflows/a.yml": "on: push\n"}, "A workflow")
    head = origin.git("rev-parse", "HEAD")
    for body in ({"tag_name": "a"}, {"tag_name": "a", "target_commitish": head, "draft": True}):
        assert ask("POST", "/releases", body, contents="write").status_code == 403
    token = hub.token(hub.bot, {"contents": "write"})
    origin.git("push", "--quiet", hub.clone_url(token), f"{head}:refs/tags/a")
    assert ask("POST", "/releases", {"tag_name": "a"}, contents="write").status_code == 201


def test_an_immutable_release_takes_nothing_more_and_burns_its_tag(
    hub: GovernedHub, ask: Ask
) -> None:
    assert ask("GET", "/immutable-releases").status_code == 404
    hub.immutable = True
    assert ask("GET", "/immutable-releases").json()["enabled"] is True
    release = ask("POST", "/releases", {"tag_name": "a"}).json()
    late = f"/releases/{release['id']}/assets?name=x"
    url = f"{hub.url}/uploads/repos/{hub.slug}{late}"
    headers = {"Authorization": f"Bearer {hub.token(ADMIN)}"}
    assert httpx.post(url, content=b"x", headers=headers, trust_env=False).status_code == 422
    assert ask("DELETE", f"/releases/{release['id']}").status_code == 204
    again = ask("POST", "/releases", {"tag_name": "a"})
    assert (again.status_code, "immutable release" in again.text) == (422, True)


def test_a_draft_is_listed_for_those_who_may_write_and_never_found_by_its_tag(
    hub: GovernedHub, ask: Ask
) -> None:
    ask("POST", "/releases", {"tag_name": "a", "draft": True})
    assert ask("GET", "/releases/tags/a").status_code == 404
    assert len(ask("GET", "/releases", contents="write").json()) == 1
    assert ask("GET", "/releases", contents="read").json() == []
