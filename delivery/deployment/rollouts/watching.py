"""This process as the watcher of a rollout: it has the lease, and reads what is written down about
clients."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Set
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

from delivery.deployment.admitted import Admitted
from delivery.deployment.rollouts.comparison import Comparison, question_about, share_of
from delivery.deployment.strategies.action import Shadowed, Traffic
from delivery.deployment.strategies.canary import split_of
from delivery.errors import HeldError
from delivery.events.event import State
from delivery.events.steps import comparable, shades_of, steps_of
from delivery.gates.rollout import canary
from delivery.gates.rollout.decision import Decision, decide
from delivery.gates.rollout.observations.samples import EMPTY, Samples
from delivery.gates.verdict import Verdict
from delivery.settings.rollout import Canary, Shadow
from delivery.state.history import Attempt
from delivery.targets.mirror import Mirror
from delivery.targets.protocol import Lease, Requests, Target
from delivery.targets.split import Split

POLL = 0.5  # s
# A look pauses so many times as long as it took: to judge many requests takes a while, and half of
# the time a candidate is not asked what its champion was asked.
PAUSE, SHADOW_PAUSE = 5.0, 1.0


@dataclass
class Watching:
    """Of one attempt at a time; nothing is watched before a shadow or a step is put in force."""

    ended: threading.Event = field(default_factory=threading.Event)
    _lease: Lease | None = None
    _stack: ExitStack = field(default_factory=ExitStack)
    _requests: Requests | None = None
    _split: Split | None = None
    _comparison: Comparison | None = None
    _look: tuple[Target, Callable[[], Decision], float] | None = None  # at what, and its pause

    def divide(self, target: Target, split: Split) -> None:
        """Put a step in force, under the lease of this process."""
        target.router.divide(split, self._renewed(target))

    def reflect(self, target: Target, mirror: Mirror) -> None:
        """Put a mirror in force, under the lease of this process."""
        target.router.reflect(mirror, self._renewed(target))

    def _renewed(self, target: Target) -> Lease:
        if self._lease is None:
            self._lease = self._stack.enter_context(target.router.watched())
        self._lease.renew()
        return self._lease

    def renew(self) -> None:
        """What is in force stays so for another while."""
        if self._lease is not None:
            self._lease.renew()

    def has_lease_of(self, target: Target) -> bool:
        """Has the candidate its share, or its copies, under the lease of this process?"""
        return self._lease is not None and target.router.is_under(self._lease)

    def traffic(self, target: Target, attempt: Attempt, policy: Canary) -> Traffic:
        """What the strategy of a canary goes by."""
        split = target.router.split()
        died = _died(target, split.weights if split else ())
        if steps := steps_of(attempt.events):
            last = steps[-1].share >= max(policy.shares)
            self._look = (
                target,
                lambda: decide(self._verdicts(target, attempt, policy), last=last),
                PAUSE,
            )
        verdicts, ours = self._verdicts(target, attempt, policy), self.has_lease_of(target)
        return Traffic(policy, time.time(), split, ours, verdicts, died)

    def shadow(self, target: Target, admitted: Admitted, attempt: Attempt) -> Shadowed | None:
        """What the strategy of a shadow goes by; None where none is to come, and where it is
        over."""
        policy = attempt.environment.settings.rollout.shadow
        if attempt.state is State.SHADOWING:
            policy = policy or Shadow()  # what has begun is ended
        to_come = attempt.state in (State.ANALYSING, State.SHADOWING)
        if policy is None or not target.capabilities.lasting or not to_come:
            return None
        if admitted.is_in_place(attempt):
            return None
        shades, share = shades_of(attempt.events), share_of(target, policy)
        if not shades or shades[-1].champion != admitted.previous.release:
            return Shadowed(policy, time.time(), share)
        comparison = self._comparison
        if comparison is None or comparison.shade != shades[-1]:
            question = question_about(admitted, attempt)
            self._comparison = comparison = Comparison(target, attempt, policy, question)
        return self._shadowed(comparison, share)

    def _shadowed(self, comparison: Comparison, share: int) -> Shadowed:
        target = comparison.target
        mirror, ours = target.router.mirror(), self.has_lease_of(target)
        died = _died(target, (mirror.champion, mirror.candidate) if mirror else ())
        self._look = (target, lambda: _compared(comparison), SHADOW_PAUSE)
        return Shadowed(
            comparison.policy, time.time(), share, mirror, ours, comparison.verdicts(), died
        )

    def attend(self, seconds: float) -> None:
        """Watch what the last tick left in force until something is to be done, at most so long."""
        if self._look is None:
            return
        target, look, pause = self._look
        deadline = time.monotonic() + seconds
        while self._lease and not self.ended.is_set() and time.monotonic() < deadline:
            self._lease.renew()
            begun = time.monotonic()
            decision = look()
            if decision.next in ("stop", "hold"):
                self._give_back(target)
            if decision.next != "wait":
                return
            self.ended.wait(max(POLL, pause * (time.monotonic() - begun)))

    def end(self) -> None:
        """Nobody watches any more."""
        self._stack.close()
        self._lease = None

    def _give_back(self, target: Target) -> None:
        """At once: the tick that writes down why reads main first. Whoever else changes the place
        at this moment ends the lease, or the tick does."""
        plan = target.router.split() or target.router.mirror()
        with suppress(HeldError), target.runtime.lock():
            if plan and self.has_lease_of(target):
                target.router.set_weights({plan.champion: 100})

    def _verdicts(self, target: Target, attempt: Attempt, policy: Canary) -> tuple[Verdict, ...]:
        steps = steps_of(attempt.events)
        if not steps:
            return ()
        samples = self._samples(target, attempt)
        return canary.judge(samples, policy, step=steps[-1].number, attempt=attempt.commit)

    def _samples(self, target: Target, attempt: Attempt) -> Samples:
        split = split_of(attempt, steps_of(attempt.events)[-1])
        if self._requests is None or self._split != split:
            self._requests, self._split = target.router.requests(split), split
        return since(self._requests.samples(), attempt)


def _compared(comparison: Comparison) -> Decision:
    comparison.go_on()
    return decide(comparison.verdicts(), last=True)


def _died(target: Target, releases: Collection[str]) -> Set[str]:
    """Of `releases`, which had traffic, those whose process is gone."""
    instances = target.runtime.instances()
    return {name for name in releases if name not in instances or not instances[name].alive}


def since(samples: Samples, attempt: Attempt) -> Samples:
    """Those of the steps beside the champion of today."""
    steps = comparable(attempt.events)
    return samples[samples.step >= steps[0].number] if steps else EMPTY
