"""What the tests' GitHub remembers, and what changes it in more than one place."""

from __future__ import annotations

import itertools
import subprocess
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.github import rules
from tests.github.actors import ACTIONS, ACTIONS_ID, Actor, Token
from tests.github.bare import ZERO, Bare
from tests.github.events import Event, push_payload
from tests.github.plans import Plan
from tests.github.pulls import PullRecord, pull_json
from tests.github.wire import NotFound, RefusedError, Request

APP_ID = 990_001
APP_PERMISSIONS = {"contents": "write", "pull_requests": "write", "metadata": "read"}


class State:
    """One repository with its forks. Everything is changed under `lock`."""

    url = ""
    bot = Actor(ACTIONS, "actions", app_id=ACTIONS_ID)
    app_actor = Actor("delivery-bot[bot]", "app", app_id=APP_ID)
    app_id = APP_ID

    def __init__(self, bare: Path, slug: str, *, private: bool) -> None:
        self.slug = slug
        self.owner, _, self.name = slug.partition("/")
        self.bare = Bare(slug, bare)
        self.repos = {slug: self.bare}
        self.lock = threading.RLock()
        self.plan: Plan = "team" if private else "public"
        self.immutable = False  # releases, once they are published
        self.burned: set[str] = set()  # names of tags of immutable releases that were deleted
        self.code_scanning = "not-configured"
        self.takes_reports = False  # of weaknesses, in private
        self.forbids_pulls = False  # the organisation: no pull requests by Actions
        self.tokens: dict[str, Token] = {}
        self.pulls: dict[int, PullRecord] = {}
        self.comments: dict[int, dict[str, Any]] = {}
        self.labels: dict[str, dict[str, Any]] = {}
        self.releases: dict[int, dict[str, Any]] = {}
        self.bytes: dict[int, bytes] = {}
        self.rulesets: dict[int, dict[str, Any]] = {}
        self.environments: dict[str, dict[str, Any]] = {}
        self.branch_policies: dict[str, list[dict[str, Any]]] = {}
        self.variables: dict[str, str] = {}
        self.checks: list[dict[str, Any]] = []
        self.statuses: list[dict[str, Any]] = []
        self.runs: list[dict[str, Any]] = []
        self.workflow_states: dict[str, str] = {}  # path → state, where it is not active
        self.events: list[Event] = []
        self.app_permissions = dict(APP_PERMISSIONS)
        self.settings: dict[str, Any] = {
            "private": private, "description": "", "allow_merge_commit": True,
            "allow_squash_merge": True, "allow_rebase_merge": True, "allow_auto_merge": False,
            "delete_branch_on_merge": False, "has_issues": True, "allow_update_branch": False,
        }  # fmt: skip
        self.workflow_defaults = {
            "default_workflow_permissions": "read",
            "can_approve_pull_request_reviews": True,
        }
        self._ids = itertools.count(5001)

    def subscribe(self, plan: Plan) -> None:
        """Make it a public repository, or a private one with what `plan` pays for."""
        self.plan, self.settings["private"] = plan, plan != "public"

    def now(self) -> str:
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def next_id(self) -> int:
        return next(self._ids)

    def next_number(self) -> int:
        return max(self.pulls, default=0) + 1

    def pull(self, number: str | int) -> PullRecord:
        found = self.pulls.get(int(number)) if str(number).isdecimal() else None
        if found is None:
            raise NotFound
        return found

    def actor(self, request: Request) -> Actor:
        if request.token is None:
            raise RefusedError(401, "Requires authentication")
        return request.token.actor

    def may(self, request: Request, needs: str) -> bool:
        return request.token is not None and request.token.may(needs)

    def fork(self, login: str, name: str = "") -> Bare:
        """A fork that `login` owns; the owner may have one of another name."""
        slug = f"{login}/{name or self.name}"
        path = self.bare.path.with_name(f"{slug.replace('/', '-')}.git")
        command = ["git", "clone", "--quiet", "--bare", str(self.bare.path), str(path)]
        subprocess.run(command, check=True)
        self.repos[slug] = Bare(slug, path)
        return self.repos[slug]

    def add_ruleset(self, body: dict[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = {
            "target": "branch", "bypass_actors": [], "rules": [], "source_type": "Repository",
            "conditions": {"ref_name": {"include": [], "exclude": []}}, "source": self.slug, **body,
        }  # fmt: skip
        made["id"] = self.next_id()
        self.rulesets[made["id"]] = made
        return made

    def is_protected(self, branch: str) -> bool:
        ref = f"refs/heads/{branch}"
        active = (r for r in self.rulesets.values() if r["enforcement"] == "active")
        return any(r["target"] == "branch" and rules.matches(r, ref) for r in active)

    def repository_json(self, slug: str) -> dict[str, Any]:
        owner, _, name = slug.partition("/")
        return {
            "id": 1 + list(self.repos).index(slug), "name": name, "full_name": slug,
            "owner": {"login": owner, "type": "Organization"}, "fork": slug != self.slug,
            "default_branch": "main", "html_url": f"{self.url}/{slug}",
            "url": f"{self.url}/repos/{slug}", "clone_url": f"{self.url}/{slug}.git",
            "visibility": "private" if self.settings["private"] else "public", **self.settings,
        }  # fmt: skip

    def commit_json(self, sha: str) -> dict[str, Any]:
        out = self.bare.git("show", "-s", "--format=%P%n%T%n%an%n%ae%n%cI%n%B", sha)
        parents, tree, name, mail, date, message = out.split("\n", 5)
        return {
            "sha": sha, "parents": [{"sha": parent} for parent in parents.split()],
            "commit": {"message": message.strip(), "tree": {"sha": tree},
                       "author": {"name": name, "email": mail, "date": date}},
        }  # fmt: skip

    def happened(
        self, name: str, request: Request, payload: dict[str, Any], *, always: bool = False
    ) -> None:
        """Remember an event. `always` for what starts workflows though GITHUB_TOKEN did it."""
        actor = self.actor(request)
        triggers = always or bool(request.token and request.token.triggers)
        full = {
            **payload, "repository": self.repository_json(self.slug), "sender": actor.json(),
        }  # fmt: skip
        self.events.append(Event(name, str(payload.get("action", "")), actor.login, triggers, full))

    def happened_to(self, pull: PullRecord, action: str, request: Request, **more: Any) -> None:
        payload = {"action": action, "number": pull.number, **more,
                   "pull_request": pull_json(self, pull, full=True)}  # fmt: skip
        self.happened("pull_request", request, payload)

    def close(self, pull: PullRecord, request: Request) -> None:
        pull.state, pull.closed_at = "closed", self.now()
        self.happened_to(pull, "closed", request)

    def merge(self, pull: PullRecord, request: Request) -> str:
        """Merge with a merge commit, whatever the rules say; the route has asked them."""
        main = self.bare.branch("main") or ""
        owner = pull.head_repo.partition("/")[0]
        message = f"Merge pull request #{pull.number} from {owner}/{pull.head_ref}\n\n{pull.title}"
        commit = self.bare.merge(main, pull.head_sha, message)
        if commit is None:
            raise RefusedError(405, "Pull Request is not mergeable")
        self.bare.update("refs/heads/main", commit, main)
        pull.state, pull.closed_at = "closed", self.now()
        pull.merged_at, pull.merged_by = pull.closed_at, self.actor(request)
        pull.merge_commit_sha, pull.base_sha = commit, main
        self.happened_to(pull, "closed", request)
        self.pushed(self.slug, "refs/heads/main", main, commit, request)
        if self.settings["delete_branch_on_merge"] and pull.head_repo == self.slug:
            self.delete_ref(request, f"refs/heads/{pull.head_ref}")
        return commit

    def create_ref(self, request: Request, ref: str, sha: str) -> None:
        if broken := rules.broken_by_push(self, self.actor(request), ref, ZERO, sha):
            raise RefusedError(422, f"Repository rule violations found\n\n{' '.join(broken)}")
        self.bare.update(ref, sha)
        self.pushed(self.slug, ref, ZERO, sha, request)

    def delete_ref(self, request: Request, ref: str) -> None:
        old = self.bare.refs(ref)[ref]
        if broken := rules.broken_by_push(self, self.actor(request), ref, old, ZERO):
            raise RefusedError(422, f"Repository rule violations found\n\n{' '.join(broken)}")
        self.bare.update(ref, None)
        self.pushed(self.slug, ref, old, ZERO, request)

    def pushed(self, slug: str, ref: str, old: str, new: str, request: Request) -> None:
        """A ref moved: tell it, and let the pull requests of that branch follow. Only branches
        and tags make an event."""
        if slug == self.slug and ref.startswith(("refs/heads/", "refs/tags/")):
            self.happened("push", request, push_payload(self, slug, ref, old, new))
        for pull in self.pulls.values():
            if pull.state != "open" or (pull.head_repo, f"refs/heads/{pull.head_ref}") != (
                slug,
                ref,
            ):
                continue
            if new == ZERO:
                self.close(pull, request)
                continue
            self.bare.copy_from(self.repos[slug], new)
            pull.head_sha = new
            self.bare.update(f"refs/pull/{pull.number}/head", new)
            self.happened_to(pull, "synchronize", request, before=old, after=new)
