"""Conducts an experiment: clients meet the challenger only while this process watches.

    EXPERIMENT-N ─▶ divided, under a lease ─▶ … ─▶ CONCLUDED-N ─▶ a winner is proposed

A tick reads main and the event log anew, so it can be killed anywhere and run again. The traffic
goes back to the champion before the end is written down.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from delivery.context import Context
from delivery.deployment.admitted import Admitted
from delivery.deployment.experiments.analysis import Analyst, split_of
from delivery.deployment.fallback import replay
from delivery.deployment.rollouts.traffic import end_other_rollouts, require_one_watcher
from delivery.deployment.rollouts.watching import PAUSE, POLL, Watching
from delivery.deployment.strategies.ab import Conclusion
from delivery.deployment.transition import record_event
from delivery.events.experiments import CONCLUDED, Experiment, running
from delivery.gates.rollout.decision import decide
from delivery.promotion.admission import require_trusted
from delivery.state.history import Attempt
from delivery.targets.protocol import Target

LOOK = 10.0  # s: how often outcomes are judged


@dataclass(frozen=True, slots=True)
class Look:
    """What a tick came upon: the experiment (None: none runs) and, if it ended, how."""

    environment: str
    experiment: Experiment | None
    says: str
    conclusion: Conclusion | None = None


class Conduct:
    """The experiment of one environment, watched by this process."""

    def __init__(
        self, context: Context, environment: str, ended: threading.Event | None = None
    ) -> None:
        """`ended` tells it to watch no longer."""
        self._context = context
        self._ended = ended or threading.Event()
        self._watching = Watching(self._ended)
        self._analyst: Analyst | None = None
        self.environment = environment

    def __enter__(self) -> Conduct:
        return self

    def __exit__(self, *_: object) -> None:
        """Nobody watches any more, so a challenger has no share."""
        self._watching.end()

    def looks(self) -> Iterator[Look]:
        """One after the other until it has come to an end, or nobody shall watch any more."""
        while True:
            look = self.tick()
            self._context.progress(f"{self.environment}: {look.says}")
            yield look
            if look.conclusion or look.experiment is None or self._ended.is_set():
                return
            self._attend(LOOK)

    def tick(self) -> Look:
        """Put the experiment in force, judge it, and end it if it is decided. Holds the lock.

        HeldError if somebody else has it, or watches the experiment.
        """
        target = self._context.target(self._context.snapshot().environment(self.environment))
        replay(self._context, target)
        with target.runtime.lock():
            snapshot = self._context.snapshot()
            admitted = Admitted(self._context, snapshot, self.environment)
            attempt = snapshot.attempt(self.environment)
            admitted.require_believed(attempt)
            end_other_rollouts(self._context, attempt, target)
            now = running(attempt.events)
            if now is None:
                self._watching.end()
                return Look(self.environment, None, "no experiment runs")
            require_one_watcher(self._watching, target)
            return self._advance(admitted, attempt, now, target)

    def leave(self) -> None:
        """Give the challenger's clients back: nobody goes on watching."""
        target = self._context.target(self._context.snapshot().environment(self.environment))
        with target.runtime.lock():
            if (split := target.router.split()) and self._watching.has_lease_of(target):
                target.router.set_weights({split.champion: 100})

    def _advance(
        self, admitted: Admitted, attempt: Attempt, now: Experiment, target: Target
    ) -> Look:
        split = split_of(now)
        in_force = self._watching.has_lease_of(target) and target.router.split() == split
        died = in_force and _is_gone(target, now.challenger)  # while this process watched
        if not died:
            self._bring_up(admitted, attempt, now, target)
        if not (died or in_force):
            self._watching.divide(target, split)
        if self._analyst is None or self._analyst.running != now:
            self._analyst = Analyst(self._context, target, now)
        analysis = self._analyst.analyse()
        conclusion = analysis.conclusion(died=died)
        if conclusion is None:
            met = "{:,} users met the champion, {:,} the challenger".format(*analysis.entities)
            return Look(self.environment, now, f"{met}; {analysis.verdict.why}")
        end(self._context, target, attempt, now, conclusion, asdict(analysis.verdict))
        says = f"the experiment ended: {conclusion.result}: {conclusion.why}"
        return Look(self.environment, now, says, conclusion)

    def _bring_up(
        self, admitted: Admitted, attempt: Attempt, now: Experiment, target: Target
    ) -> None:
        snapshot = admitted.snapshot
        challenger = snapshot.history(self.environment).version(now.challenger)
        challenger = admitted.version(challenger)
        require_trusted(self._context, snapshot, challenger, self.environment)
        target.runtime.start(admitted.bento(attempt.desired.wanted))
        target.runtime.start(admitted.bento(challenger))

    def _attend(self, seconds: float) -> None:
        """Watch for harm until the next tick; the champion has all clients at once then."""
        analyst, deadline = self._analyst, time.monotonic() + seconds
        while analyst and not self._ended.is_set() and time.monotonic() < deadline:
            self._watching.renew()
            begun = time.monotonic()
            if decide(analyst.safety(), last=False).next in ("stop", "hold"):
                return  # the next tick gives them back and writes down why
            self._ended.wait(max(POLL, PAUSE * (time.monotonic() - begun)))


def end(
    context: Context,
    target: Target,
    attempt: Attempt,
    now: Experiment,
    conclusion: Conclusion,
    verdict: Mapping[str, Any],
) -> bool:
    """The champion has all clients, then the event says how it ended. False if something else
    happened meanwhile."""
    if target.router.split() == split_of(now):
        target.router.set_weights({now.champion: 100})
    evidence = {**asdict(conclusion), "challenger": now.challenger, "verdict": verdict}
    return record_event(context, attempt, f"{CONCLUDED}-{now.number}", evidence)


def _is_gone(target: Target, release: str) -> bool:
    instance = target.runtime.instances().get(release)
    return instance is None or not instance.alive
