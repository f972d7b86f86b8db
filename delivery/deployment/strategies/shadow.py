"""Both answer, and clients see the champion's answers; what comes after it is the canary, or all
traffic at once.

    ANALYSING ─▶ shadow 1 ─┬▶ step 1 or VERIFIED  what both answer is alike enough
                           ├▶ REJECTED            proof of harm: no client met it
                           └▶ INCONCLUSIVE        no decision at the ceiling, three times

A shadow is written down before anything is mirrored. docs/rollouts.md has the table.
"""

from __future__ import annotations

from delivery.deployment.strategies.action import (
    Action,
    Begin,
    BeginShadow,
    Hold,
    Reflect,
    Reject,
    SetWeights,
    Shadowed,
    Situation,
    Verify,
    Wait,
)
from delivery.deployment.strategies.canary import canary, first_step, has_champion
from delivery.events.event import MAX_INCONCLUSIVE, State, count
from delivery.events.steps import INCONCLUSIVE, Shade, shades_of, waits_since
from delivery.gates.rollout.decision import decide
from delivery.state.history import Attempt
from delivery.targets.mirror import Mirror


def shadow(now: Situation) -> Action:
    """What comes next. A first release has nobody to be compared with, and a rollback was verified
    here before: both go on without a shadow."""
    if now.attempt.state is State.SHADOWING and now.shadow:
        return _compare(now, now.shadow, shades_of(now.attempt.events)[-1])
    action = canary(now)
    passed = isinstance(action, SetWeights | Verify | Begin)
    if passed and now.attempt.state is State.ANALYSING and now.shadow and has_champion(now):
        return BeginShadow(now.previous.release, now.shadow.share)
    return action


def _compare(now: Situation, shadowed: Shadowed, shade: Shade) -> Action:
    if now.previous.release != shade.champion:
        return _without_champion(now, shadowed, shade)
    candidate = now.attempt.desired.wanted.release
    if shadowed.died == {candidate}:
        return _back(now, shade) or Reject(f"the process of {candidate} died")
    decision = decide(shadowed.verdicts, last=True)
    if decision.next == "stop":
        return _back(now, shade) or Reject(decision.why)
    if decision.next == "hold":
        return _back(now, shade) or Hold(decision.why)
    if decision.next == "go":
        return _onward(now, shade)
    if shadowed.moment - waits_since(now.attempt.events) > shadowed.policy.ceiling_s:
        last = count(now.attempt.events, INCONCLUSIVE) + 1 >= MAX_INCONCLUSIVE
        return (_back(now, shade) if last else None) or Hold(decision.why)
    return _in_force(now, shadowed, shade) or Wait(decision.why)


def _onward(now: Situation, shade: Shade) -> Action:
    """The first step of a canary; where there is none, all traffic and then the event."""
    if now.traffic:
        return first_step(now.traffic, shade.champion)
    everything = {now.attempt.desired.wanted.release: 100}
    settled = now.confirmed and now.route == everything
    return Verify() if settled else SetWeights(everything)


def _without_champion(now: Situation, shadowed: Shadowed, shade: Shade) -> Action:
    """What the candidate was compared with is verified no more: nothing that was seen counts."""
    if not now.previous.exists:
        return _back(now, shade) or Hold(f"{shade.champion} is not verified any more")
    everything = {now.previous.release: 100}
    if now.confirmed and now.route == everything:
        return BeginShadow(now.previous.release, shadowed.share)
    return SetWeights(everything)


def _back(now: Situation, shade: Shade) -> SetWeights | None:
    """Nothing is mirrored, and the champion answers; None where the router does so already."""
    champion = {shade.champion: 100}
    return None if now.confirmed and now.route == champion else SetWeights(champion)


def _in_force(now: Situation, shadowed: Shadowed, shade: Shade) -> Reflect | None:
    mirror = mirror_of(now.attempt, shade)
    return None if shadowed.ours and shadowed.mirror == mirror else Reflect(mirror)


def mirror_of(attempt: Attempt, shade: Shade) -> Mirror:
    """What a shadow mirrors."""
    candidate = attempt.desired.wanted.release
    return Mirror(attempt.commit, shade.number, shade.champion, candidate, shade.mirror)
