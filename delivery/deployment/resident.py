"""Watches rollouts and experiments that nobody else watches, as long as it lives: `delivery up`."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from delivery.context import Context
from delivery.deployment.experiments.winner import conducted
from delivery.deployment.outcome import follow_up
from delivery.deployment.reconcile import Deployment
from delivery.deployment.ticks import ticks
from delivery.errors import DeliveryError
from delivery.events.experiments import running

LOOK = 10.0  # s: what main said is read this often, without asking origin


@dataclass
class Resident:
    """Of `environments`, with a thread for each that has a rollout."""

    context: Context
    environments: Sequence[str]
    _ended: threading.Event = field(default_factory=threading.Event)
    _threads: dict[str, threading.Thread] = field(default_factory=dict)
    _next: float = 0.0

    def look(self) -> None:
        """Begin to watch what nobody watches."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + LOOK
        for name in self.environments:
            try:
                if not self._watches(name) and self._is_unwatched(name):
                    thread = threading.Thread(target=self._watch, args=(name,), daemon=True)
                    self._threads[name] = thread
                    thread.start()
            except DeliveryError as error:
                self.context.progress(f"{name}: its rollout cannot be looked at: {error}")

    def end(self) -> None:
        """Give the share of each candidate back: nobody goes on watching."""
        self._ended.set()
        for thread in self._threads.values():
            thread.join()

    def _watches(self, name: str) -> bool:
        return name in self._threads and self._threads[name].is_alive()

    def _is_unwatched(self, name: str) -> bool:
        attempt = self.context.snapshot(fetch=False).attempt(name)
        target = self.context.target(attempt.environment)
        begun = attempt.state.is_watched or running(attempt.events) is not None
        return begun and not target.router.is_watched()

    def _watch(self, name: str) -> None:
        """Until it has come to an end, or this command."""
        try:
            if running(self.context.snapshot(fetch=False).attempt(name).events):
                conducted(self.context, name, self._ended)
                return
            steps = []
            with Deployment(self.context, name, self._ended) as deployment:
                for step in ticks(self.context, deployment):
                    steps.append(step)
                    if self._ended.is_set() and not step.final:
                        deployment.leave()
                        return
            follow_up(self.context, name, tuple(steps))
        except DeliveryError as error:
            self.context.progress(f"{name}: its rollout is not watched: {error}")
