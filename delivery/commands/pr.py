"""`delivery pr`: pull requests of the local forge. On GitHub, people use GitHub."""

from __future__ import annotations

from dataclasses import dataclass

from delivery.context import Context
from delivery.forge.protocol import CANDIDATE, Pull
from delivery.storage.dvc_lock import require_in_step


@dataclass(frozen=True, slots=True)
class PullResult:
    """One pull request as it is now; in JSON it is that pull request."""

    pull: Pull

    def to_json(self) -> Pull:
        return self.pull


@dataclass(frozen=True, slots=True)
class ListResult:
    """All pull requests, oldest first; in JSON a list."""

    pulls: tuple[Pull, ...]

    def to_json(self) -> tuple[Pull, ...]:
        return self.pulls


def list_pulls(context: Context) -> ListResult:
    """All pull requests, oldest first."""
    return ListResult(context.forge.pulls())


def show_pull(context: Context, number: int) -> PullResult:
    """One pull request with its comment."""
    return PullResult(context.forge.pull(number))


def open_pull(context: Context, *, title: str, body: str) -> PullResult:
    """Push the branch that is checked out and open a pull request for it.

    Raises:
        InputError: uncommitted changes, or a dvc.lock that is not in step.
        HeldError: HEAD is main or detached.
    """
    repository = context.repository
    branch = repository.require_branch()
    repository.require_clean()
    require_in_step(context.root)
    repository.run("push", "--quiet", "origin", f"HEAD:refs/heads/{branch}")
    subject = title or repository.run("show", "-s", "--format=%s", "HEAD")
    return PullResult(context.forge.open(branch, subject, body, (CANDIDATE,)))


def merge_pull(context: Context, number: int) -> PullResult:
    """Merge into main. Merging a promotion or a rollback is what deploys it."""
    return PullResult(context.forge.merge(number))


def close_pull(context: Context, number: int, reason: str) -> PullResult:
    """Close without merging; a closed promotion stays closed until somebody promotes again."""
    return PullResult(context.forge.close(number, reason or "closed by hand"))
