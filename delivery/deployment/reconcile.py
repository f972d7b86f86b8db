"""Bring an environment from merged to verified, one transition a tick.

    MERGED ─▶ ANALYSING ─▶ [shadow] ─▶ [steps] ─┬▶ VERIFIED      traffic to it, the previous warm
                                                ├▶ INCONCLUSIVE  evidence missing thrice: a person
                                                └▶ REJECTED      traffic back, rollback proposed

A tick reads main and the event log anew, so it can be killed anywhere and run again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from delivery.context import Context
from delivery.deployment.active import judge_running
from delivery.deployment.admitted import Admitted
from delivery.deployment.fallback import fall_back, replay
from delivery.deployment.rollouts.traffic import (
    carry_out,
    end_other_rollouts,
    require_one_watcher,
)
from delivery.deployment.rollouts.watching import Watching
from delivery.deployment.strategies.action import (
    Action,
    Begin,
    BeginShadow,
    Hold,
    Judge,
    Reject,
    Situation,
    Traffic,
    Verify,
    Wait,
)
from delivery.deployment.strategies.shadow import shadow
from delivery.deployment.transition import Step, because, begun, record_event, summary
from delivery.deployment.wanted import clear_attempt
from delivery.errors import TargetError
from delivery.events.event import State, next_kind
from delivery.events.experiments import running
from delivery.gates.verdict import Verdict
from delivery.promotion.admission import require_trusted, unproven_because
from delivery.promotion.approval import require_approved
from delivery.promotion.frozen import require_thawed, waits
from delivery.release.signature import require_signed
from delivery.settings.rollout import Canary
from delivery.state.desired import ReleaseRef
from delivery.state.history import ADMITTED, Attempt
from delivery.state.snapshot import Snapshot
from delivery.targets.protocol import Target


class Deployment:
    """One environment being brought to what main wants."""

    def __init__(
        self, context: Context, environment: str, ended: threading.Event | None = None
    ) -> None:
        """`ended` tells it to watch no longer."""
        self._context = context
        self._watching = Watching(ended or threading.Event())
        self._require_turn: Callable[[], None] = lambda: None
        self.environment = environment
        self.attend = self._watching.attend

    def __enter__(self) -> Deployment:
        return self

    def __exit__(self, *_: object) -> None:
        """Nobody watches any more, so a candidate has no share."""
        self._watching.end()

    def leave(self) -> None:
        """Give the share of a candidate back to its champion: nobody goes on watching."""
        target = self._context.target(self._context.snapshot().environment(self.environment))
        with target.runtime.lock():
            plan = target.router.split() or target.router.mirror()
            if plan and self._watching.has_lease_of(target):
                target.router.set_weights({plan.champion: 100})

    def tick(self) -> Step:
        """At most one transition. Holds the target's lock.

        HeldError if somebody else has it, took it away meanwhile, or holds the environment.
        """
        snapshot = self._context.snapshot()
        target = self._context.target(snapshot.environment(self.environment))
        replay(self._context, target)
        with target.runtime.lock():
            self._require_turn = target.runtime.require_turn
            # Who held the lock before may have moved things on: read again.
            snapshot = self._context.snapshot()
            admitted = Admitted(self._context, snapshot, self.environment)
            admitted.require_believed(snapshot.attempt(self.environment))
            attempt = clear_attempt(snapshot, self.environment)
            end_other_rollouts(self._context, attempt, target)
            self._supersede(snapshot, attempt)
            wanted = attempt.desired.wanted.exists
            if not target.capabilities.lasting and (attempt.state.final or not wanted):
                return self._step(attempt, "nothing stays up after a rehearsal", idle=not wanted)
            if not wanted:
                return self._rest(snapshot, attempt, target)
            return self._advance(admitted, attempt, target)

    def plan(self) -> Step:
        """What the next tick would do. Changes nothing but what was fetched."""
        attempt = clear_attempt(self._context.snapshot(), self.environment)
        if not attempt.desired.wanted.exists:
            return self._step(attempt, "would retire what has no traffic", idle=True)
        return self._step(attempt, f"would {attempt.state.kind.next_step}")

    def _rest(self, snapshot: Snapshot, attempt: Attempt, target: Target) -> Step:
        """Nothing is wanted. What has traffic keeps it, unless a person closed the route."""
        if snapshot.history(self.environment).closed:
            target.router.set_weights({})
        target.runtime.retire(target.router.weights().keys())
        return self._step(attempt, "nothing is wanted here", idle=True)

    def _advance(self, admitted: Admitted, attempt: Attempt, target: Target) -> Step:
        wanted, snapshot = attempt.desired.wanted, admitted.snapshot
        unproven = unproven_because(snapshot, attempt) if attempt.state is State.MERGED else ""
        if unproven:
            return self._event(attempt, "rejected", {"why": unproven, ADMITTED: False})
        if not attempt.state.final:
            signed = self._context.signature(
                snapshot, wanted.release, self.environment, wanted.image
            )
            if signed.status == "fail":
                why = {"why": f"signature: {signed.why}", "verdicts": {signed.gate: signed.status}}
                return self._event(attempt, "rejected", why, (signed,))
            require_signed(signed, wanted.release, self.environment)
        if attempt.state is State.MERGED:
            require_thawed(waits(snapshot.history(self.environment)))
            admitted.require_fresh(attempt)
            require_approved(self._context, snapshot, attempt)
            return self._deploy(admitted, attempt, target)
        if attempt.state is State.ANALYSING:
            return self._analyse(admitted, attempt, target)
        if attempt.state.is_watched:
            return self._roll(admitted, attempt, target)
        if attempt.state is State.VERIFIED:
            return self._converge(admitted, attempt, target)
        if attempt.state.failed:
            fall_back(self._context, snapshot, self.environment, target)
            return self._step(attempt, "traffic is with what was verified")
        return self._step(attempt, "waits for a person")

    def _deploy(self, admitted: Admitted, attempt: Attempt, target: Target) -> Step:
        """Start the wanted release beside the previous one."""
        wanted, previous = attempt.desired.wanted, admitted.previous
        bento = admitted.bento(wanted)
        warm = admitted.may_start(previous)
        if warm:
            self._context.progress(f"keeping {previous.release} warm")
            target.runtime.start(admitted.bento(previous))
        running = frozenset({previous.release} if warm else ())
        self._route(target, Situation(attempt, target.router.weights(), previous, running=running))
        self._context.progress(f"starting {wanted.release} beside it")
        try:
            instance = target.runtime.start(bento)
        except TargetError as error:
            return self._event(attempt, "rejected", {"why": f"it does not start: {error}"})
        return self._event(attempt, "deployed", {"url": instance.url})

    def _analyse(self, admitted: Admitted, attempt: Attempt, target: Target) -> Step:
        """Judge the running release before it gets traffic, and do what the strategy says."""
        instance = target.runtime.start(admitted.bento(attempt.desired.wanted))
        now = Situation(
            attempt,
            target.router.weights(),
            admitted.previous,
            traffic=self._traffic(target, admitted, attempt),
            shadow=self._watching.shadow(target, admitted, attempt),
        )
        action = self._route(target, now)
        if isinstance(action, Judge):
            verdicts = judge_running(
                self._context, admitted.snapshot, attempt, instance.url
            ).verdicts
            now = replace(now, route=target.router.weights(), verdicts=verdicts)
            action = self._route(target, now)
        return self._conclude(admitted, now, action, target)

    def _roll(self, admitted: Admitted, attempt: Attempt, target: Target) -> Step:
        """Judge what its share of the traffic shows, or copies of it, and do what the strategy
        says."""
        require_one_watcher(self._watching, target)
        wanted, previous = attempt.desired.wanted, admitted.previous
        # Before anything that died is started again.
        traffic = self._traffic(target, admitted, attempt)
        seen = self._watching.shadow(target, admitted, attempt)
        if admitted.may_start(previous):
            target.runtime.start(admitted.bento(previous))
        else:
            previous = ReleaseRef()
        died = (traffic.died if traffic else set()) | (seen.died if seen else set())
        if died != {wanted.release}:
            target.runtime.start(admitted.bento(wanted))
        now = Situation(
            attempt, target.router.weights(), previous, traffic=traffic, shadow=seen
        )  # fmt: skip
        return self._conclude(admitted, now, self._route(target, now), target)

    def _conclude(self, admitted: Admitted, now: Situation, action: Action, target: Target) -> Step:
        """Write down what the strategy came to, if it did."""
        attempt, verdicts = now.attempt, now.judged
        match action:
            case Begin() | BeginShadow():
                kind = "step" if isinstance(action, Begin) else "shadow"
                kind = next_kind(attempt.events, kind)
                return self._event(attempt, kind, begun(action, verdicts), verdicts)
            case Reject():
                if attempt.desired.wanted.release in target.router.weights():  # by a killed tick
                    fall_back(self._context, admitted.snapshot, self.environment, target)
                return self._event(attempt, "rejected", because(action, verdicts), verdicts)
            case Hold():
                kind = next_kind(attempt.events, "inconclusive")
                return self._event(attempt, kind, because(action, verdicts), verdicts)
            case Verify():
                return self._event(attempt, "verified", summary(verdicts), verdicts)
            case Wait() if action.why:
                return self._step(attempt, f"waits: {action.why}")
        return self._step(attempt, "waits")

    def _traffic(self, target: Target, admitted: Admitted, attempt: Attempt) -> Traffic | None:
        """None where all traffic goes at once: by settings, where no clients are, and to another
        image of the same release."""
        policy = attempt.environment.settings.rollout.canary
        if attempt.state is State.ROLLING:
            policy = policy or Canary()  # what has begun is ended
        if policy is None or not target.capabilities.lasting or admitted.is_in_place(attempt):
            return None
        return self._watching.traffic(target, attempt, policy)

    def _route(self, target: Target, now: Situation) -> Action:
        """Route the traffic as the strategy asks; returns what else it asks for then. With neither
        shadow nor canary all traffic goes at once."""
        return carry_out(self._context, self._watching, target, shadow, now)

    def _converge(self, admitted: Admitted, attempt: Attempt, target: Target) -> Step:
        """Make the place what the verified attempt says; mends what died."""
        wanted, previous = attempt.desired.wanted, admitted.previous
        require_trusted(self._context, admitted.snapshot, wanted, self.environment)
        instances = target.runtime.instances()
        before = {name for name, instance in instances.items() if not instance.problem}
        target.runtime.start(admitted.bento(wanted))
        keep = {wanted.release}
        experiment, split = running(attempt.events), target.router.split()
        if experiment and experiment.challenger in instances:
            keep.add(experiment.challenger)
        if split is None:  # what an experiment gave the challenger stays with it
            self._route(target, Situation(attempt, target.router.weights()))
        if admitted.may_start(previous):
            target.runtime.start(admitted.bento(previous))
            keep.add(previous.release)
        target.runtime.retire(keep)
        started = sorted(keep - before)
        return self._step(attempt, f"restarted {', '.join(started)}" if started else "is up")

    def _supersede(self, snapshot: Snapshot, current: Attempt) -> None:
        """Close the books on the attempts before that never came to an end, here or in a
        rehearsal."""
        if snapshot.ledger.doubts(self.environment):
            return
        for before in snapshot.history(self.environment).attempts[1:]:
            wanted = before.desired.wanted.exists and not before.malformed
            if wanted and not before.anywhere.state.final:
                self._event(before, "superseded", {"by": current.commit})

    def _event(
        self,
        attempt: Attempt,
        kind: str,
        evidence: Mapping[str, Any],
        verdicts: tuple[Verdict, ...] = (),
    ) -> Step:
        self._require_turn()
        record_event(self._context, attempt, kind, evidence)
        after = self._context.snapshot().attempt(self.environment)
        state = after.state if after.commit == attempt.commit else State.SUPERSEDED
        return Step(self.environment, attempt.desired.wanted.release, state, kind, verdicts)

    def _step(self, attempt: Attempt, transition: str, *, idle: bool = False) -> Step:
        release = attempt.desired.wanted.release
        return Step(self.environment, release, attempt.state, transition, idle=idle)
