"""`delivery pending`: which environments have something left to do."""

from __future__ import annotations

import json
from dataclasses import dataclass

from delivery.context import Context
from delivery.events.event import State
from delivery.git.refs import promotion_branch
from delivery.promotion.frozen import waits
from delivery.settings.host import append
from delivery.state.history import Attempt
from delivery.state.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class PendingResult:
    """The environments with something left to do, in the order of promotion; in JSON a list."""

    environments: tuple[str, ...]

    def to_json(self) -> tuple[str, ...]:
        return self.environments


def pending(context: Context) -> PendingResult:
    """The environments that `delivery deploy` has to look at, in the order of promotion.

    All that want something or cannot be read, but for those that wait for the end of a freeze, and
    those whose rehearsal is over: nothing stays up there that could need mending.
    """
    snapshot = context.snapshot()
    names = tuple(
        name
        for name in snapshot.settings.environments
        if _asks(snapshot.attempt(name))
        and not waits(snapshot.history(name))
        and not _settled(context, snapshot, name)
    )
    append(context.surroundings.output, f"environments={json.dumps(names)}")
    return PendingResult(names)


def _asks(attempt: Attempt) -> bool:
    """Does its file want something, or need a person?"""
    return attempt.desired.wanted.exists or bool(attempt.malformed)


def _settled(context: Context, snapshot: Snapshot, environment: str) -> bool:
    if not context.surroundings.rehearses:
        return False
    attempt = snapshot.attempt(environment)
    if attempt.state is State.VERIFIED:
        return _followed_up(context, snapshot, attempt)
    return attempt.state in (State.INCONCLUSIVE, State.SUPERSEDED)


def _followed_up(context: Context, snapshot: Snapshot, attempt: Attempt) -> bool:
    """Was the verified release proposed to the next environment, or need it not be?"""
    following = attempt.environment.downstream
    release = attempt.desired.wanted.release
    if following is None or attempt.desired.is_rollback:
        return True
    if snapshot.attempt(following).wants(release, attempt.desired.wanted.image):
        return True
    return bool(context.forge.pulls(head=promotion_branch(following, release)))
