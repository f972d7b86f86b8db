"""`delivery pr`: pull requests of the local forge. On GitHub, people use GitHub."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from delivery.context import Context
from delivery.errors import HeldError
from delivery.forge.protocol import CANDIDATE, Pull
from delivery.report.stamp import read_stamp
from delivery.storage.dvc_lock import require_in_step

Insist = Callable[[str], str]  # what is missing → why a person merges it; empty if not


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


def merge_pull(context: Context, number: int, insist: Insist) -> PullResult:
    """Merge into main. Merging a promotion or a rollback is what deploys it.

    A candidate whose gates did not pass is merged if `insist`, asked with what is missing, gives
    a person's reason; the pull request keeps it. On GitHub the rules of main decide instead.

    Raises:
        HeldError: `insist` gives none.
    """
    pull, head = context.forge.pull(number), None
    if pull.state == "open" and CANDIDATE in pull.labels and context.surroundings.github is None:
        head = context.repository.remote_ref(f"refs/heads/{pull.head}") or None
        if head and (missing := _unjudged_because(pull, head)):
            _note(context, pull, missing, insist(missing))
    return PullResult(context.forge.merge(number, commit=head))


def _unjudged_because(pull: Pull, head: str) -> str:
    """What keeps a candidate out of main; empty where its gates passed."""
    stamp = read_stamp(pull.comment)
    if stamp is None:
        return "no gate has judged it"
    if stamp.commit != head:
        return f"its gates judged {stamp.commit[:12]}, and its branch is elsewhere now"
    return "" if stamp.passes else f"its gates say that it {stamp.outcome}"


def _note(context: Context, pull: Pull, missing: str, reason: str) -> None:
    """Everybody can read why it was merged."""
    if not reason.strip():
        raise HeldError(
            f"pull request #{pull.number} is not merged: {missing}. `git switch {pull.head} && "
            f"delivery gate` judges it; `delivery pr merge {pull.number} --unjudged --reason "
            '"…"` merges it all the same.'
        )
    context.forge.comment(
        pull.number, f"{pull.comment}\nMerged all the same ({missing}): {reason.strip()}\n"
    )


def close_pull(context: Context, number: int, reason: str) -> PullResult:
    """Close without merging; a closed promotion stays closed until somebody promotes again."""
    return PullResult(context.forge.close(number, reason or "closed by hand"))
