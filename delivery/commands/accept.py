"""`delivery accept ENV`: a person takes the risk that an inconclusive rollout leaves."""

from __future__ import annotations

from dataclasses import dataclass

from delivery.context import Context
from delivery.deployment.transition import record_event
from delivery.deployment.wanted import clear_attempt
from delivery.errors import HeldError, InputError
from delivery.events.event import State
from delivery.events.steps import shades_of, steps_of
from delivery.promotion.frozen import frozen_because, require_thawed


@dataclass(frozen=True, slots=True)
class AcceptResult:
    """What was accepted, by whom, and what the rollout could have missed, in words."""

    environment: str
    release: str
    by: str
    missed: str


def accept(context: Context, environment: str, *, reason: str) -> AcceptResult:
    """Make an inconclusive release verified: the next deployment gives it the traffic.

    Raises:
        InputError: no reason, no such environment, or a job asks.
        HeldError: nothing there is inconclusive after a rollout, promotions are frozen, the events
            are in doubt, or something else happened meanwhile.
    """
    if not reason.strip():
        raise InputError('it needs a reason, which everybody can read: `--reason "…"`')
    if context.surroundings.in_job:
        raise InputError(
            "a job cannot take the risk: whoever does runs `delivery accept` with a key of their "
            "own, which docs/trust.md describes."
        )
    snapshot = context.snapshot()
    attempt = clear_attempt(snapshot, environment)
    snapshot.ledger.doubts(environment).require_none()
    release = attempt.desired.wanted.release
    if attempt.state is not State.INCONCLUSIVE or not (
        steps_of(attempt.events) or shades_of(attempt.events)
    ):
        raise HeldError(
            f"{release} is {attempt.state.value} in {environment}. Only what a rollout left "
            f"inconclusive can be accepted; `delivery history {environment}` says what happened."
        )
    require_thawed(frozen_because(snapshot.history(environment)))
    by, missed = context.surroundings.actor["name"], attempt.why
    verdicts = attempt.steps[-1].evidence.get("verdicts", {})
    why = f"{by} accepted it: {reason.strip()}"
    evidence = {"why": why, "accepted": missed, "verdicts": verdicts}
    if not record_event(context, attempt, State.VERIFIED.kind.event, evidence):
        raise HeldError(
            f"something happened to {environment} meanwhile; `delivery status` shows it"
        )
    return AcceptResult(environment, release, by, missed)
