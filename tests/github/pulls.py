"""Pull requests: what GitHub keeps of them, and their refs in the bare repository."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.github.actors import Actor

if TYPE_CHECKING:
    from tests.github.state import State


@dataclass
class PullRecord:
    number: int
    title: str
    body: str | None
    author: Actor
    head_ref: str
    head_repo: str
    head_sha: str
    base_sha: str
    created_at: str
    draft: bool = False
    state: str = "open"
    labels: list[str] = field(default_factory=list)
    closed_at: str | None = None
    merged_at: str | None = None
    merge_commit_sha: str | None = None
    merged_by: Actor | None = None
    mergeable: bool | None = None
    tested: tuple[str, str] | None = None  # the commits of which `mergeable` speaks
    reviews: list[dict[str, Any]] = field(default_factory=list)

    def approvals(self) -> set[str]:
        """Who approved what is there now; the author's own does not count."""
        return {
            review["user"]["login"]
            for review in self.reviews
            if review["state"] == "APPROVED"
            and review["commit_id"] == self.head_sha
            and review["writes"]
            and review["user"]["login"] != self.author.login
        }


def try_merge(hub: State, pull: PullRecord) -> None:
    """Keep refs/pull/N/merge and `mergeable` in step with main and the branch."""
    main = hub.bare.branch("main") or ""
    if pull.state != "open" or pull.tested == (main, pull.head_sha):
        return
    message = f"Merge {pull.head_sha} into {main}"
    commit = hub.bare.merge(main, pull.head_sha, message)
    pull.mergeable, pull.merge_commit_sha = commit is not None, commit
    pull.tested, pull.base_sha = (main, pull.head_sha), main
    if commit:
        hub.bare.update(f"refs/pull/{pull.number}/merge", commit)


def pull_json(hub: State, pull: PullRecord, *, full: bool) -> dict[str, Any]:
    """As GitHub gives it; a list does not say whether it can be merged."""
    api = f"{hub.url}/repos/{hub.slug}"
    short = {
        "id": 1000 + pull.number,
        "number": pull.number,
        "url": f"{api}/pulls/{pull.number}",
        "html_url": f"{hub.url}/{hub.slug}/pull/{pull.number}",
        "comments_url": f"{api}/issues/{pull.number}/comments",
        "state": pull.state,
        "draft": pull.draft,
        "locked": False,
        "title": pull.title,
        "body": pull.body,
        "user": pull.author.json(),
        "labels": [hub.labels[label] for label in pull.labels],
        "created_at": pull.created_at,
        "updated_at": hub.now(),
        "closed_at": pull.closed_at,
        "merged_at": pull.merged_at,
        "merge_commit_sha": pull.merge_commit_sha,
        "head": _side(hub, pull.head_repo, pull.head_ref, pull.head_sha),
        "base": _side(hub, hub.slug, "main", pull.base_sha),
        "author_association": "MEMBER" if pull.author.role == "write" else "CONTRIBUTOR",
    }
    if not full:
        return short
    try_merge(hub, pull)
    return short | {
        "merge_commit_sha": pull.merge_commit_sha,
        "merged": pull.merged_at is not None,
        "mergeable": pull.mergeable,
        "mergeable_state": "unknown"
        if pull.mergeable is None
        else "clean"
        if pull.mergeable
        else "dirty",
        "merged_by": pull.merged_by.json() if pull.merged_by else None,
        "changed_files": len(hub.bare.changed_files(pull.base_sha, pull.head_sha)),
    }


def _side(hub: State, slug: str, ref: str, sha: str) -> dict[str, Any]:
    owner = slug.partition("/")[0]
    repo = hub.repository_json(slug) if slug in hub.repos else None  # a fork that is gone
    return {
        "label": f"{owner}:{ref}", "ref": ref, "sha": sha,
        "user": {"login": owner}, "repo": repo,
    }  # fmt: skip
