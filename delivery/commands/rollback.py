"""`delivery rollback ENV`: traffic first, then the event, then the pull request."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass

from delivery.context import Context
from delivery.deployment.reconcile import fall_back, record_event
from delivery.errors import HeldError, InputError
from delivery.forge.protocol import Pull
from delivery.promotion.proposal import Proposal, changed_files, propose, rollback_of, title
from delivery.state.events import State, next_kind
from delivery.state.snapshot import Attempt, Snapshot
from delivery.targets.protocol import Target

PATIENCE = 120.0  # seconds to wait for a deployment that holds the environment


@dataclass(frozen=True, slots=True)
class RollbackResult:
    """What was left, what answers now, how long the traffic took (s), and the pull request."""

    environment: str
    left: str
    release: str
    seconds: float
    pull: Pull | None
    already: bool = False


def rollback(context: Context, environment: str, *, reason: str, dry_run: bool) -> RollbackResult:
    """Give the traffic of `environment` back to the previous verified release.

    A rollback is never rolled back: run again, it finishes what a killed one began.
    """
    snapshot = context.snapshot()
    attempt = snapshot.attempt(environment)
    desired = attempt.desired
    if desired.is_rollback:
        return RollbackResult(
            environment, desired.rollback_of, desired.wanted.release, 0.0, None, already=True
        )
    if not desired.wanted.exists:
        raise InputError(f"{environment} runs nothing, so there is nothing to roll back")
    if dry_run:
        return RollbackResult(
            environment, desired.wanted.release, desired.previous.release, 0.0, None
        )
    seconds = _move_traffic(context, snapshot, attempt)
    _say_so(context, attempt, reason)
    pull = propose_rollback(context, environment)
    return RollbackResult(
        environment, desired.wanted.release, desired.previous.release, seconds, pull
    )


def _move_traffic(context: Context, snapshot: Snapshot, attempt: Attempt) -> float:
    """Seconds until the previous release answered."""
    target = context.target(snapshot.settings, attempt.environment)
    if not target.lasting:
        return 0.0  # nothing stayed up, so there is no traffic to move
    with ExitStack() as stack:
        _wait_for(target, stack, context)
        begun = time.monotonic()
        previous = attempt.desired.previous.release
        context.progress(f"giving the traffic of {attempt.environment} back to {previous}")
        fall_back(context, snapshot, attempt, target)
        return time.monotonic() - begun


def _wait_for(target: Target, stack: ExitStack, context: Context) -> None:
    """Take the target's lock, in line behind a deployment that is at work: ticks are short."""
    deadline = time.monotonic() + PATIENCE
    told = False
    while True:
        try:
            stack.enter_context(target.lock())
            return
        except HeldError as error:
            if time.monotonic() > deadline:
                raise
            if not told:
                context.progress(f"waiting: {error}")
                told = True
            time.sleep(0.1)


def _say_so(context: Context, attempt: Attempt, reason: str) -> None:
    """Record that the attempt does not stand any more, once."""
    if attempt.state.failed:
        return
    verified = attempt.state is State.VERIFIED
    kind = next_kind(attempt.events, "revoked") if verified else "rejected"
    record_event(context, attempt, kind, {"why": reason or "rolled back by hand"})


def propose_rollback(context: Context, environment: str) -> Pull | None:
    """Open the rollback pull request of a failed attempt; merge it where that is allowed."""
    snapshot = context.snapshot()
    attempt = snapshot.attempt(environment)
    if not attempt.state.failed or attempt.desired.is_rollback:
        return None  # a rollback is never rolled back: a person has to look
    fallback = snapshot.fallback(environment, attempt.desired.previous.release)
    proposal = rollback_of(attempt, fallback)
    context.progress(f"proposing the rollback of {environment}")
    pull = propose(context, snapshot, proposal)
    if pull is None or not context.forge.merges_itself:
        return pull
    commit = _require_generated(context, snapshot, pull, proposal) if pull.state == "open" else None
    return context.forge.merge(pull.number, commit=commit)


def _require_generated(context: Context, snapshot: Snapshot, pull: Pull, proposal: Proposal) -> str:
    """A rollback merges itself only if its branch is exactly what is generated here: its head."""
    git = context.repository
    git.run("fetch", "--quiet", "origin", f"refs/heads/{pull.head}")
    head = git.commit("FETCH_HEAD")
    base = git.run("merge-base", head, snapshot.commit)
    if head != git.commit_files(base, changed_files(proposal), title(proposal)):
        raise HeldError(
            f"pull request #{pull.number} ({pull.head}) is not the generated rollback: somebody "
            "changed it. Read it and merge it by hand, or close it and run "
            f"`delivery rollback {proposal.environment}` again."
        )
    return head
