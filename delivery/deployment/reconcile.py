"""Bring an environment from merged to verified, one transition a tick.

    MERGED ─▶ DEPLOYED, analysing ─┬▶ VERIFIED      traffic to it, the previous stays warm
                                   ├▶ INCONCLUSIVE  evidence missing three times: a person
                                   └▶ REJECTED      traffic to the previous, rollback proposed

A tick reads main and the event log anew, so it can be killed anywhere and run again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from delivery.bento.bento import Bento
from delivery.context import Context
from delivery.deployment.fallback import fall_back, replay
from delivery.deployment.strategies.action import (
    Action,
    Hold,
    Judge,
    Reject,
    SetWeights,
    Situation,
    Strategy,
    Verify,
)
from delivery.deployment.strategies.at_once import at_once
from delivery.deployment.transition import Step, record_event, summary
from delivery.deployment.wanted import clear_attempt
from delivery.errors import HeldError, TargetError
from delivery.events.event import State, next_kind
from delivery.evidence.live import Live
from delivery.gates.judgement import Judgement
from delivery.gates.verdict import Verdict, overridden
from delivery.judgement.active import judge_live
from delivery.promotion.admission import freshness_of, require_trusted, unproven_because
from delivery.release.signature import require_signed
from delivery.state.desired import ReleaseRef
from delivery.state.history import ADMITTED, Attempt
from delivery.state.snapshot import Snapshot
from delivery.targets.protocol import Target


class Deployment:
    """One environment being brought to what main wants."""

    def __init__(self, context: Context, environment: str) -> None:
        self._context = context
        self._strategy: Strategy = at_once
        self._require_turn: Callable[[], None] = lambda: None
        self.environment = environment

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
            self._require_believed(snapshot, snapshot.attempt(self.environment))
            attempt = clear_attempt(snapshot, self.environment)
            self._supersede(snapshot, attempt)
            wanted = attempt.desired.wanted.exists
            if not target.capabilities.lasting and (attempt.state.final or not wanted):
                return self._step(attempt, "nothing stays up after a rehearsal", idle=not wanted)
            if not wanted:
                return self._rest(snapshot, attempt, target)
            return self._advance(snapshot, attempt, target)

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

    def _advance(self, snapshot: Snapshot, attempt: Attempt, target: Target) -> Step:
        wanted = attempt.desired.wanted
        unproven = unproven_because(snapshot, attempt) if attempt.state is State.MERGED else ""
        if unproven:
            return self._event(attempt, "rejected", {"why": unproven, ADMITTED: False})
        if attempt.state in (State.MERGED, State.ANALYSING):
            signed = self._context.signature(snapshot, wanted.release, self.environment)
            if signed.status == "fail":
                why = {"why": f"signature: {signed.why}", "verdicts": {signed.gate: signed.status}}
                return self._event(attempt, "rejected", why, (signed,))
            require_signed(signed, wanted.release, self.environment)
        if attempt.state is State.MERGED:
            self._require_fresh(snapshot, attempt)
            return self._deploy(snapshot, attempt, target)
        if attempt.state is State.ANALYSING:
            return self._analyse(snapshot, attempt, target)
        if attempt.state is State.VERIFIED:
            return self._converge(snapshot, attempt, target)
        if attempt.state.failed:
            fall_back(self._context, snapshot, self.environment, target)
            return self._step(attempt, "traffic is with what was verified")
        return self._step(attempt, "waits for a person")

    def _require_believed(self, snapshot: Snapshot, attempt: Attempt) -> None:
        """HeldError where the events of the environment are in doubt. What is verified by events
        that are believed stays up all the same."""
        doubts = snapshot.ledger.doubts(self.environment)
        if doubts.rewritten or attempt.state is not State.VERIFIED:
            doubts.require_none()
        if doubts:
            self._context.progress(f"{self.environment} stays as it is: {doubts}")

    def _require_fresh(self, snapshot: Snapshot, attempt: Attempt) -> None:
        """HeldError while the evidence is about something else."""
        fresh = freshness_of(snapshot, attempt, in_job=self._context.surroundings.in_job)
        if fresh.status != "pass":
            raise HeldError(
                f"{attempt.desired.wanted.release} does not start in {self.environment}: "
                f"{fresh.gate}: {fresh.why}. `delivery promote {self.environment} --release "
                f"{attempt.desired.wanted.release}` judges it anew."
            )

    def _deploy(self, snapshot: Snapshot, attempt: Attempt, target: Target) -> Step:
        """Start the wanted release beside the previous one."""
        wanted, previous = attempt.desired.wanted, self._previous(snapshot)
        bento = self._bento(snapshot, wanted)
        warm = self._may_start(snapshot, previous)
        if warm:
            self._context.progress(f"keeping {previous.release} warm")
            target.runtime.start(self._bento(snapshot, previous))
        running = frozenset({previous.release} if warm else ())
        self._route(target, Situation(attempt, target.router.weights(), previous, running=running))
        self._context.progress(f"starting {wanted.release} beside it")
        try:
            instance = target.runtime.start(bento)
        except TargetError as error:
            return self._event(attempt, "rejected", {"why": f"it does not start: {error}"})
        return self._event(attempt, "deployed", {"url": instance.url})

    def _analyse(self, snapshot: Snapshot, attempt: Attempt, target: Target) -> Step:
        """Judge the running release before it gets traffic, and do what the strategy says."""
        instance = target.runtime.start(self._bento(snapshot, attempt.desired.wanted))
        verdicts: tuple[Verdict, ...] = ()
        action = self._route(target, Situation(attempt, target.router.weights()))
        if isinstance(action, Judge):
            verdicts = self.judge(snapshot, attempt, instance.url).verdicts
            now = Situation(attempt, target.router.weights(), verdicts=verdicts)
            action = self._route(target, now)
        if isinstance(action, Reject):
            if attempt.desired.wanted.release in target.router.weights():  # by a killed tick
                fall_back(self._context, snapshot, self.environment, target)
            return self._event(attempt, "rejected", summary(verdicts), verdicts)
        if isinstance(action, Hold):
            kind = next_kind(attempt.events, "inconclusive")
            return self._event(attempt, kind, summary(verdicts), verdicts)
        if isinstance(action, Verify):
            return self._event(attempt, "verified", summary(verdicts), verdicts)
        return self._step(attempt, "waits")

    def _converge(self, snapshot: Snapshot, attempt: Attempt, target: Target) -> Step:
        """Make the place what the verified attempt says; mends what died."""
        wanted, previous = attempt.desired.wanted, self._previous(snapshot)
        require_trusted(self._context, snapshot, wanted.release, self.environment)
        instances = target.runtime.instances()
        before = {name for name, instance in instances.items() if not instance.problem}
        target.runtime.start(self._bento(snapshot, wanted))
        self._route(target, Situation(attempt, target.router.weights()))
        keep = {wanted.release}
        if self._may_start(snapshot, previous):
            target.runtime.start(self._bento(snapshot, previous))
            keep.add(previous.release)
        target.runtime.retire(keep)
        started = sorted(keep - before)
        return self._step(attempt, f"restarted {', '.join(started)}" if started else "is up")

    def _route(self, target: Target, now: Situation) -> Action:
        """Set the weights that the strategy asks for; returns what it asks for then."""
        while isinstance(action := self._strategy(now), SetWeights):
            if action.weights != now.route:
                releases = ", ".join(action.weights)
                self._context.progress(f"moving the traffic of {self.environment} to {releases}")
            target.router.set_weights(action.weights)
            now = replace(now, route=action.weights, confirmed=True)
        return action

    def judge(self, snapshot: Snapshot, attempt: Attempt, url: str) -> Judgement:
        """The active gates. A rollback is not put under load again: it was verified here."""
        wanted, previous = attempt.desired.wanted, self._previous(snapshot)
        live = Live(
            url,
            self._bento(snapshot, wanted),
            self._bento(snapshot, previous) if previous.exists else None,
            snapshot.settings.gates,
            self._context.progress,
            settings=self._context.target(attempt.environment).runtime.settings,
            under_load=not attempt.desired.is_rollback,
            signature=self._context.signed(snapshot, wanted.release, self.environment),
        )
        judgement = judge_live(live)
        evidence = snapshot.evidence(self.environment, attempt.commit)
        reasons = evidence.reasons if evidence else {}
        return replace(judgement, verdicts=overridden(judgement.verdicts, reasons))

    def _previous(self, snapshot: Snapshot) -> ReleaseRef:
        """What was verified before, whatever desired.yaml says of it."""
        return snapshot.history(self.environment).previous

    def _may_start(self, snapshot: Snapshot, previous: ReleaseRef) -> bool:
        """A previous release whose signature does not count any more is not kept warm."""
        if not previous.exists:
            return False
        signed = self._context.signature(snapshot, previous.release, self.environment)
        if signed.status != "pass":
            self._context.progress(f"{previous.release} is not kept warm: {signed.why}")
        return signed.status == "pass"

    def _supersede(self, snapshot: Snapshot, current: Attempt) -> None:
        """Close the books on the attempt before, if it never came to an end."""
        if snapshot.ledger.doubts(self.environment):
            return
        earlier = snapshot.history(self.environment).attempts[1:]
        before = next((attempt for attempt in earlier if not attempt.malformed), None)
        if before and before.desired.wanted.exists and not before.state.final:
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

    def _bento(self, snapshot: Snapshot, wanted: ReleaseRef) -> Bento:
        return Bento(wanted.release, self._context.bento(snapshot, wanted.release))
