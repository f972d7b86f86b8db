"""All traffic at once, to a release that passed its active gates without any."""

from __future__ import annotations

from collections.abc import Mapping

from delivery.deployment.strategies.action import (
    Action,
    Hold,
    Judge,
    Reject,
    SetWeights,
    Situation,
    Start,
    Verify,
    Wait,
)
from delivery.events.event import State
from delivery.gates.verdict import blocking
from delivery.state.desired import ReleaseRef


def at_once(now: Situation) -> Action:
    """What comes next."""
    state = now.attempt.state
    if state is State.MERGED:
        return _start(now)
    if state is State.ANALYSING:
        return _analyse(now)
    if state is State.VERIFIED:
        return _move(now) or Wait()
    return Wait()


def _start(now: Situation) -> Action:
    """Clients get an answer from the previous release before anything new is started."""
    if not now.route and now.previous.release in now.running:
        return SetWeights(_all_to(now.previous))
    return Start()


def _analyse(now: Situation) -> Action:
    """No traffic before the verdicts, and no `verified` before the traffic."""
    if now.verdicts is None:
        return Judge()
    blocked = blocking(now.verdicts)
    if any(verdict.status == "fail" for verdict in blocked):
        return Reject()
    if blocked:
        return Hold()
    return _move(now) or Verify()


def _move(now: Situation) -> SetWeights | None:
    """All traffic to the wanted release; None where the router answers so already."""
    weights = _all_to(now.attempt.desired.wanted)
    return None if now.confirmed and now.route == weights else SetWeights(weights)


def _all_to(release: ReleaseRef) -> Mapping[str, int]:
    return {release.release: 100}
