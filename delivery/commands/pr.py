"""`delivery pr`: pull requests of the local forge. On GitHub, people use GitHub."""

from __future__ import annotations

from delivery.context import Context
from delivery.forge.protocol import Pull
from delivery.storage.dvc_lock import require_in_step

CANDIDATE = "candidate"


def listed(context: Context) -> tuple[Pull, ...]:
    """All pull requests, oldest first."""
    return context.forge.pulls()


def show(context: Context, number: int) -> Pull:
    """One pull request with its comment."""
    return context.forge.pull(number)


def open_pull(context: Context, *, title: str, body: str) -> Pull:
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
    return context.forge.open(branch, subject, body, (CANDIDATE,))


def merge(context: Context, number: int) -> Pull:
    """Merge into main. Merging a promotion or a rollback is what deploys it."""
    return context.forge.merge(number)


def close(context: Context, number: int, reason: str) -> Pull:
    """Close without merging; a closed promotion stays closed until somebody promotes again."""
    return context.forge.close(number, reason or "closed by hand")
