"""This process as the watcher of a rollout: it has the lease, and reads what the router writes."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Set
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

from delivery.deployment.strategies.action import Traffic
from delivery.deployment.strategies.canary import split_of
from delivery.errors import HeldError
from delivery.events.steps import comparable, steps_of
from delivery.gates.rollout import canary
from delivery.gates.rollout.decision import decide
from delivery.gates.rollout.observations.samples import EMPTY, Samples
from delivery.gates.verdict import Verdict
from delivery.settings.rollout import Canary
from delivery.state.history import Attempt
from delivery.targets.protocol import Lease, Requests, Target
from delivery.targets.split import Split

POLL = 0.5  # s
PAUSE = 5.0  # a look pauses so many times as long as it took: to judge many requests takes a while


@dataclass
class Watching:
    """Of one attempt at a time; nothing is watched before a step is put in force."""

    ended: threading.Event = field(default_factory=threading.Event)
    _lease: Lease | None = None
    _stack: ExitStack = field(default_factory=ExitStack)
    _requests: Requests | None = None
    _split: Split | None = None
    _rollout: tuple[Target, Attempt, Canary] | None = None

    def divide(self, target: Target, split: Split) -> None:
        """Put a step in force, under the lease of this process."""
        if self._lease is None:
            self._lease = self._stack.enter_context(target.router.watched())
        self._lease.renew()
        target.router.divide(split, self._lease)

    def renew(self) -> None:
        """What is in force stays so for another while."""
        if self._lease is not None:
            self._lease.renew()

    def has_lease_of(self, target: Target) -> bool:
        """Has the candidate its share under the lease of this process?"""
        return self._lease is not None and target.router.is_under(self._lease)

    def traffic(self, target: Target, attempt: Attempt, policy: Canary) -> Traffic:
        """What the strategy goes by."""
        split = target.router.split()
        died = _died(target, split.weights if split else ())
        self._rollout = (target, attempt, policy)
        verdicts, ours = self._verdicts(target, attempt, policy), self.has_lease_of(target)
        return Traffic(policy, time.time(), split, ours, verdicts, died)

    def attend(self, seconds: float) -> None:
        """Watch what the last tick left in force until something is to be done, at most so long."""
        if self._rollout is None or not steps_of(self._rollout[1].events):
            return
        target, attempt, policy = self._rollout
        last = steps_of(attempt.events)[-1].share >= max(policy.shares)
        deadline = time.monotonic() + seconds
        while self._lease and not self.ended.is_set() and time.monotonic() < deadline:
            self._lease.renew()
            begun = time.monotonic()
            decision = decide(self._verdicts(target, attempt, policy), last=last)
            if decision.next in ("stop", "hold"):
                self._give_back(target)
            if decision.next != "wait":
                return
            self.ended.wait(max(POLL, PAUSE * (time.monotonic() - begun)))

    def end(self) -> None:
        """Nobody watches any more."""
        self._stack.close()
        self._lease = None

    def _give_back(self, target: Target) -> None:
        """At once: the tick that writes down why reads main first. Whoever else changes the place
        at this moment ends the lease, or the tick does."""
        split = target.router.split()
        with suppress(HeldError), target.runtime.lock():
            if split and self.has_lease_of(target):
                target.router.set_weights({split.champion: 100})

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


def _died(target: Target, releases: Collection[str]) -> Set[str]:
    """Of `releases`, which had traffic, those whose process is gone."""
    instances = target.runtime.instances()
    return {name for name in releases if name not in instances or not instances[name].alive}


def since(samples: Samples, attempt: Attempt) -> Samples:
    """Those of the steps beside the champion of today."""
    steps = comparable(attempt.events)
    return samples[samples.step >= steps[0].number] if steps else EMPTY
