"""A rising share of the clients, judged step by step beside the champion.

    ANALYSING ─▶ step 1 ─▶ … ─▶ step n ─▶ VERIFIED
                   └─────┬────────┴─▶ REJECTED       proof of harm: the champion gets all traffic
                         └──────────▶ INCONCLUSIVE   no decision at the ceiling, three times

A step is written down before it is put in force. docs/rollouts.md has the table of transitions.
"""

from __future__ import annotations

from delivery.deployment.strategies.action import (
    Action,
    Begin,
    Divide,
    Hold,
    Reject,
    SetWeights,
    Situation,
    Traffic,
    Verify,
    Wait,
)
from delivery.deployment.strategies.at_once import at_once
from delivery.events.event import MAX_INCONCLUSIVE, State, count
from delivery.events.steps import INCONCLUSIVE, Step, steps_of, waits_since
from delivery.gates.rollout.decision import decide
from delivery.state.history import Attempt
from delivery.targets.split import Split


def canary(now: Situation) -> Action:
    """What comes next. Where there is no champion to compare with, and for a rollback, all traffic
    goes at once."""
    if now.attempt.state is State.ROLLING and now.traffic:
        return _roll(now, now.traffic, steps_of(now.attempt.events)[-1])
    action = at_once(now)
    passed = isinstance(action, SetWeights | Verify) and now.attempt.state is State.ANALYSING
    if not (passed and now.traffic and has_champion(now)):
        return action
    return first_step(now.traffic, now.previous.release)


def has_champion(now: Situation) -> bool:
    """Is there a verified release with all the traffic, to compare a new one with?"""
    alone = {now.previous.release: 100}
    return not now.attempt.desired.is_rollback and now.previous.exists and now.route == alone


def _roll(now: Situation, traffic: Traffic, step: Step) -> Action:
    if now.previous.release != step.champion:
        return _without_champion(now, traffic, step)
    candidate = now.attempt.desired.wanted.release
    if traffic.died == {candidate}:
        return _back(now, step) or Reject(f"the process of {candidate} died")
    decision = decide(traffic.verdicts, last=step.share >= max(traffic.policy.shares))
    if decision.next == "stop":
        return _back(now, step) or Reject(decision.why)
    if decision.next == "hold":
        return _back(now, step) or Hold(decision.why)
    if decision.next == "go":
        return _onward(now, traffic, step)
    if traffic.moment - waits_since(now.attempt.events) > traffic.policy.ceiling_s:
        last = count(now.attempt.events, INCONCLUSIVE) + 1 >= MAX_INCONCLUSIVE
        return (_back(now, step) if last else None) or Hold(decision.why)
    return _in_force(now, traffic, step) or Wait(decision.why)


def _onward(now: Situation, traffic: Traffic, step: Step) -> Action:
    """The next share; after the last one, all traffic and then the event."""
    larger = [share for share in traffic.policy.shares if share > step.share]
    if larger:
        return Begin(larger[0], step.champion, step.header)
    everything = {now.attempt.desired.wanted.release: 100}
    settled = now.confirmed and now.route == everything
    return Verify() if settled else SetWeights(everything)


def _without_champion(now: Situation, traffic: Traffic, step: Step) -> Action:
    """What the candidate was compared with is verified no more: nothing that was seen counts."""
    if now.previous.exists:
        everything = {now.previous.release: 100}
        if now.confirmed and now.route == everything:
            return first_step(traffic, now.previous.release)
        return SetWeights(everything)
    return _back(now, step) or Hold(f"{step.champion} is not verified any more")


def _back(now: Situation, step: Step) -> SetWeights | None:
    """All traffic to the champion; None where the router answers so already."""
    champion = {step.champion: 100}
    return None if now.confirmed and now.route == champion else SetWeights(champion)


def _in_force(now: Situation, traffic: Traffic, step: Step) -> Divide | None:
    split = split_of(now.attempt, step)
    return None if traffic.ours and traffic.split == split else Divide(split)


def first_step(traffic: Traffic, champion: str) -> Begin:
    """The smallest share."""
    return Begin(traffic.policy.shares[0], champion, traffic.policy.header)


def split_of(attempt: Attempt, step: Step) -> Split:
    """How a step divides the clients."""
    candidate = attempt.desired.wanted.release
    return Split(attempt.commit, step.number, step.champion, candidate, step.share, step.header)
