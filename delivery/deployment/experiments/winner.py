"""From the beginning of the watch over an experiment to the pull request of its winner."""

from __future__ import annotations

import threading
import time

from delivery.context import Context
from delivery.deployment.advance import PromoteRequest, PromoteResult, advance
from delivery.deployment.experiments.conduct import Conduct, Look
from delivery.errors import HeldError, RefusedError
from delivery.events.experiments import Experiment, experiments_of
from delivery.git.refs import promotion_branch
from delivery.state.snapshot import Snapshot


def conducted(
    context: Context, environment: str, ended: threading.Event, budget: float | None = None
) -> Look:
    """Watch the experiment until it ends, for `budget` seconds or until somebody sets `ended`.
    A winner is proposed."""
    deadline = time.monotonic() + budget if budget is not None else None
    with Conduct(context, environment, ended) as conduct:
        for look in conduct.looks():
            out_of_time = deadline is not None and time.monotonic() > deadline
            if look.experiment and not look.conclusion and (ended.is_set() or out_of_time):
                conduct.leave()
                break
    if look.conclusion and look.conclusion.result == "winner":
        propose_winner(context, environment)
    return look


def won(snapshot: Snapshot, environment: str) -> Experiment | None:
    """The newest experiment of what main wants, if it has a winner."""
    experiments = experiments_of(snapshot.attempt(environment).events)
    last = experiments[-1] if experiments else None
    is_won = last and last.conclusion and last.conclusion.get("result") == "winner"
    return last if is_won else None


def propose_winner(context: Context, environment: str) -> PromoteResult | None:
    """Open the pull request that promotes the winner, once. None where there is no winner, where
    it was proposed before, and where something else holds it, which is told."""
    snapshot = context.snapshot()
    winner = won(snapshot, environment)
    if winner is None or _proposed(context, environment, winner.challenger):
        return None
    request = PromoteRequest(environment, winner.challenger, by_person=False)
    try:
        return advance(context, snapshot, request, winner.challenger)
    except (HeldError, RefusedError) as error:
        context.progress(f"{winner.challenger} won in {environment} and is not proposed: {error}")
        return None


def _proposed(context: Context, environment: str, release: str) -> bool:
    """Is there a pull request of it, whatever became of that?"""
    return bool(context.forge.pulls(head=promotion_branch(environment, release)))
