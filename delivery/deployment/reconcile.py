"""Bring an environment from merged to verified, one transition a tick.

    MERGED ─▶ DEPLOYED, analysing ─┬▶ VERIFIED      traffic to it, the previous stays warm
                                   ├▶ INCONCLUSIVE  evidence missing three times: a person
                                   └▶ REJECTED      traffic to the previous, rollback proposed

A tick reads main and the tags anew, so it can be killed anywhere and run again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from delivery.context import Context
from delivery.errors import HeldError, TargetError
from delivery.gates.verdict import Verdict, blocking, overridden
from delivery.judgement.judge import Judgement, Subject, judge_live
from delivery.promotion.admission import freshness_of, unproven_because
from delivery.release.signature import require_signed, require_trusted
from delivery.settings.overrides import overrides_of
from delivery.state.desired import Version
from delivery.state.events import Event, State, next_kind
from delivery.state.snapshot import Attempt, Snapshot
from delivery.targets.protocol import Target

NEXT_STEP = {
    State.MERGED: "start it beside what runs",
    State.ANALYSING: "judge it, and move the traffic to it if it passes",
    State.VERIFIED: "see that it is up and has the traffic",
    State.REJECTED: "move the traffic to the previous release and propose the rollback",
    State.REVOKED: "move the traffic to the previous release and propose the rollback",
    State.INCONCLUSIVE: "wait for a person",
    State.SUPERSEDED: "wait for a person",
}


@dataclass(frozen=True, slots=True)
class Tick:
    """What a tick found and did."""

    environment: str
    release: str
    state: State
    did: str
    verdicts: tuple[Verdict, ...] = ()
    idle: bool = False  # the environment wants nothing

    @property
    def final(self) -> bool:
        return self.idle or self.state.final


class Deployment:
    """One environment being brought to what main wants."""

    def __init__(self, context: Context, environment: str) -> None:
        self._context = context
        self.environment = environment

    def tick(self) -> Tick:
        """At most one transition. Holds the target's lock."""
        snapshot = self._context.snapshot()
        target = self._context.target(snapshot.settings, self.environment)
        with target.lock():
            # Who held the lock before may have moved things on: read again.
            snapshot = self._context.snapshot()
            attempt = snapshot.attempt(self.environment)
            self._supersede(snapshot, attempt)
            if not target.lasting and (attempt.state.final or not attempt.desired.wanted.exists):
                idle = not attempt.desired.wanted.exists
                return self._tick(attempt, "nothing stays up after a rehearsal", idle=idle)
            if not attempt.desired.wanted.exists:
                target.shift({})
                target.retire(frozenset())
                return self._tick(attempt, "nothing is wanted here; the route is closed", idle=True)
            return self._step(snapshot, attempt, target)

    def plan(self) -> Tick:
        """What the next tick would do. Changes nothing but what was fetched."""
        attempt = self._context.snapshot().attempt(self.environment)
        if not attempt.desired.wanted.exists:
            return self._tick(attempt, "would close the route", idle=True)
        return self._tick(attempt, f"would {NEXT_STEP[attempt.state]}")

    def _step(self, snapshot: Snapshot, attempt: Attempt, target: Target) -> Tick:
        wanted = attempt.desired.wanted
        unproven = unproven_because(snapshot, attempt) if attempt.state is State.MERGED else ""
        if unproven:
            return self._event(attempt, "rejected", {"why": unproven})
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
            fall_back(self._context, snapshot, attempt, target)
            return self._tick(attempt, "traffic is with the previous release")
        return self._tick(attempt, "waits for a person")

    def _require_fresh(self, snapshot: Snapshot, attempt: Attempt) -> None:
        """HeldError while the evidence is about something else."""
        fresh = freshness_of(snapshot, attempt, in_job=self._context.surroundings.in_job)
        if fresh.status != "pass":
            raise HeldError(
                f"{attempt.desired.wanted.release} does not start in {self.environment}: "
                f"{fresh.gate}: {fresh.why}. `delivery promote {self.environment} --release "
                f"{attempt.desired.wanted.release}` judges it anew."
            )

    def _deploy(self, snapshot: Snapshot, attempt: Attempt, target: Target) -> Tick:
        """Start the wanted release beside the previous one."""
        wanted, previous = attempt.desired.wanted, attempt.desired.previous
        bento = self._bento(snapshot, wanted)
        if self._may_start(snapshot, previous):
            self._context.progress(f"keeping {previous.release} warm")
            target.start(previous.release, self._bento(snapshot, previous))
            if not target.route():
                target.shift({previous.release: 100})
        self._context.progress(f"starting {wanted.release} beside it")
        try:
            instance = target.start(wanted.release, bento)
        except TargetError as error:
            return self._event(attempt, "rejected", {"why": f"it does not start: {error}"})
        return self._event(attempt, "deployed", {"url": instance.url})

    def _analyse(self, snapshot: Snapshot, attempt: Attempt, target: Target) -> Tick:
        """Judge the running release before it gets traffic; then give it all of it."""
        wanted = attempt.desired.wanted
        instance = target.start(wanted.release, self._bento(snapshot, wanted))
        judgement = self.judge(snapshot, attempt, instance.url)
        blocked = blocking(judgement.verdicts)
        found = _facts(judgement.verdicts)
        if any(verdict.status == "fail" for verdict in blocked):
            return self._event(attempt, "rejected", found, judgement.verdicts)
        if blocked:
            kind = next_kind(attempt.events, "inconclusive")
            return self._event(attempt, kind, found, judgement.verdicts)
        self._context.progress(f"moving the traffic of {self.environment} to {wanted.release}")
        target.shift({wanted.release: 100})
        return self._event(attempt, "verified", found, judgement.verdicts)

    def _converge(self, snapshot: Snapshot, attempt: Attempt, target: Target) -> Tick:
        """Make the place what the verified attempt says; mends what died."""
        wanted, previous = attempt.desired.wanted, attempt.desired.previous
        require_trusted(self._context, snapshot, wanted.release, self.environment)
        before = {name for name, found in target.instances().items() if found.alive}
        target.start(wanted.release, self._bento(snapshot, wanted))
        target.shift({wanted.release: 100})
        keep = {wanted.release}
        if self._may_start(snapshot, previous):
            target.start(previous.release, self._bento(snapshot, previous))
            keep.add(previous.release)
        target.retire(keep)
        started = sorted(keep - before)
        return self._tick(attempt, f"restarted {', '.join(started)}" if started else "is up")

    def judge(self, snapshot: Snapshot, attempt: Attempt, url: str) -> Judgement:
        """The active gates. A rollback is not put under load again: it was verified here."""
        wanted, previous = attempt.desired.wanted, attempt.desired.previous
        other = None
        if previous.exists:
            other = Subject(previous.release, self._bento(snapshot, previous))
        live = judge_live(
            url,
            Subject(wanted.release, self._bento(snapshot, wanted)),
            other,
            snapshot.settings.gates,
            self._context.progress,
            under_load=not attempt.desired.is_rollback,
            settings=self._context.target(snapshot.settings, self.environment).settings,
        )
        signed = self._context.signature(snapshot, wanted.release, self.environment)
        reasons = overrides_of(snapshot.evidence(self.environment, attempt.commit))
        return replace(live, verdicts=overridden((signed, *live.verdicts), reasons))

    def _may_start(self, snapshot: Snapshot, previous: Version) -> bool:
        """A previous release whose signature does not count any more is not kept warm."""
        if not previous.exists:
            return False
        signed = self._context.signature(snapshot, previous.release, self.environment)
        if signed.status != "pass":
            self._context.progress(f"{previous.release} is not kept warm: {signed.why}")
        return signed.status == "pass"

    def _supersede(self, snapshot: Snapshot, current: Attempt) -> None:
        """Close the books on the attempt before, if it never came to an end."""
        for attempt in snapshot.history(self.environment)[1:2]:
            if attempt.desired.wanted.exists and not attempt.state.final:
                self._event(attempt, "superseded", {"by": current.commit})

    def _event(
        self,
        attempt: Attempt,
        kind: str,
        found: Mapping[str, Any],
        verdicts: tuple[Verdict, ...] = (),
    ) -> Tick:
        record_event(self._context, attempt, kind, found)
        after = self._context.snapshot().attempt(self.environment)
        state = after.state if after.commit == attempt.commit else State.SUPERSEDED
        return Tick(self.environment, attempt.desired.wanted.release, state, kind, verdicts)

    def _tick(self, attempt: Attempt, did: str, *, idle: bool = False) -> Tick:
        release = attempt.desired.wanted.release
        return Tick(self.environment, release, attempt.state, did, idle=idle)

    def _bento(self, snapshot: Snapshot, version: Version) -> Path:
        return self._context.bento(snapshot, version.release)


def record_event(
    context: Context, attempt: Attempt, kind: str, evidence: Mapping[str, Any]
) -> None:
    """Write an event. Who comes second leaves the winner's."""
    event = Event(
        attempt.environment,
        attempt.commit,
        kind,
        attempt.desired.wanted.release,
        attempt.target,
        evidence,
    )
    context.repository.create_tag(event.tag, attempt.commit, event.message())


def fall_back(context: Context, snapshot: Snapshot, attempt: Attempt, target: Target) -> None:
    """Traffic first: to the previous release, or, where there is none, close the route."""
    previous = attempt.desired.previous
    if not previous.exists:
        target.shift({})
        return
    require_trusted(context, snapshot, previous.release, attempt.environment)
    target.start(previous.release, context.bento(snapshot, previous.release))
    target.shift({previous.release: 100})


def _facts(verdicts: tuple[Verdict, ...]) -> Mapping[str, Any]:
    """The evidence that goes into the tag: short, and what is needed to understand it."""
    reasons = {verdict.gate: verdict.override for verdict in verdicts if verdict.override}
    return {
        "why": "; ".join(f"{v.gate}: {v.measured}" for v in blocking(verdicts)),
        "verdicts": {verdict.gate: verdict.status for verdict in verdicts},
        **({"overrides": reasons} if reasons else {}),
    }
