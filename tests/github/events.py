"""What happened, as the payloads of GitHub's webhooks and of github.event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.github.bare import ZERO

if TYPE_CHECKING:
    from tests.github.state import State

MOST_COMMITS = 20


@dataclass(frozen=True)
class Event:
    """`triggers` is False for what GITHUB_TOKEN did: it starts no workflow."""

    name: str
    action: str
    actor: str
    triggers: bool
    payload: dict[str, Any]


def push_payload(hub: State, slug: str, ref: str, old: str, new: str) -> dict[str, Any]:
    """Of a push that moved `ref`; ZERO for not there."""
    git = hub.repos[slug]
    commits: list[dict[str, Any]] = []
    if new != ZERO and ref.startswith("refs/heads/"):
        first = old == ZERO and ref == "refs/heads/main"  # of the repository
        known = [] if first else [f"^{old}" if old != ZERO else "^refs/heads/main"]
        out = git.git("rev-list", "--reverse", f"--max-count={MOST_COMMITS}", new, *known)
        commits = [_commit(hub, slug, sha) for sha in out.split()]
    return {
        "ref": ref, "before": old, "after": new, "created": old == ZERO, "deleted": new == ZERO,
        "forced": ZERO not in (old, new) and not git.is_ancestor(old, new), "base_ref": None,
        "compare": f"{hub.url}/{slug}/compare/{old[:12]}...{new[:12]}", "commits": commits,
        "head_commit": None if new == ZERO else _commit(hub, slug, new),
    }  # fmt: skip


def _commit(hub: State, slug: str, sha: str) -> dict[str, Any]:
    git = hub.repos[slug]
    out = git.git(
        "show",
        "--format=%H%n%an%n%ae%n%cI%n%s",
        "--name-status",
        "-m",
        "--first-parent",
        f"{sha}^{{commit}}",
    )
    full, name, mail, date, *rest = out.splitlines()
    files: dict[str, list[str]] = {"added": [], "modified": [], "removed": []}
    for line in rest[1:]:
        status, _, path = line.partition("\t")
        kind = {"A": "added", "D": "removed"}.get(status[:1], "modified")
        if path:
            files[kind].append(path.rpartition("\t")[2])
    return {
        "id": full, "message": rest[0] if rest else "", "timestamp": date,
        "author": {"name": name, "email": mail}, **files,
    }  # fmt: skip
