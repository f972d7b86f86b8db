"""The runtime of the target `docker`: a container for each release, in a network of its own.

As the local one, with containers in place of processes. The engine starts again what ended, at a
crash and after a reboot; but not a candidate on trial, whose end has to be seen.
"""

from __future__ import annotations

import time
from collections.abc import Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from delivery.bento.bento import Bento
from delivery.bento.readiness import is_ready, local_client
from delivery.errors import TargetError
from delivery.targets.docker.containers import Container, Containers
from delivery.targets.docker.engine import EngineError
from delivery.targets.local.runtime import LED, LocalRuntime
from delivery.targets.protocol import Instance

READY = 90.0  # s: a start takes 2 to 5 s, and 15 s on two busy cores
POLL = 0.1  # s
GRACE = 30  # s: what running requests get
SETTLE = 0.5  # s: for what the router handed over and the service has not read yet


@dataclass(frozen=True)
class ContainerRuntime(LocalRuntime):
    """The instances of `environment`."""

    files: Containers  # type: ignore[assignment]

    @property
    def predictions(self) -> Path:
        """Nothing is written there: containers keep no predictions."""
        return self.envs / "targets" / self.environment / "predictions"

    def retire(self, keep: Set[str]) -> None:
        """Stop every instance not in `keep`; the engine restarts the others from now on."""
        LocalRuntime.retire(self, keep)
        for each in self.files.slots():
            if each.release in keep and not each.restarts:
                self.files.place.engine("update", "--restart=unless-stopped", each.id)

    def stop(self) -> None:
        """Stop all instances, and give up the networks."""
        LocalRuntime.stop(self)
        self.files.place.clear()

    def _led(self, instance: Instance, address: str | None) -> Instance:
        """As the router names it: by its container."""
        if instance.problem or address in (None, self.files.addresses().get(instance.release)):
            return instance
        return replace(instance, problem=LED)

    def _end(self, slots: Sequence[Container]) -> None:  # type: ignore[override]
        engine = self.files.place.engine
        if any(each.alive for each in slots):
            time.sleep(SETTLE)
        self.require_turn()  # this very moment: a rollback may need what is ended here
        if running := [each.id for each in slots if each.alive]:
            with suppress(EngineError):  # one ended meanwhile
                engine("stop", f"--time={GRACE}", *running, seconds=GRACE * len(running) + 30)
        engine.removed(*(each.id for each in slots))

    def _adopt(self, bento: Bento) -> bool:
        """Keep the one that is there, if it is from this image, as it should be and ready, or will
        be soon: the engine may have started it this moment."""
        container = self.files.current(bento.id)
        if container is None or container.image != bento.image:
            return False
        if self.files.read(bento.id).problem:
            return False
        age = (datetime.now(UTC) - container.begun).total_seconds()
        return self._ready(container.id, patience=max(0.0, READY - age))

    def _launch(self, bento: Bento) -> None:
        """Start it beside what is there of it."""
        self.files.place.prepare()
        current = self.files.current(bento.id)
        if current is None or current.image == bento.image:  # the other image answers meanwhile
            self._lead_to_neighbour(bento.id)
        container = self.files.create(bento)
        if self._ready(container, patience=READY):
            return
        engine = self.files.place.engine
        log = engine.logs(container) or "it wrote nothing"
        engine.removed(container)
        self.require_turn()  # or else a rollback that wanted the place ended it
        raise TargetError(
            f"{bento.id} ended, or was not ready within {READY:.0f} s: "
            f"{log}. "
            f"`delivery deploy {self.environment}` tries again."
        )

    def _ready(self, container: str, *, patience: float) -> bool:
        """Does it say so within `patience` seconds? Asks at least once."""
        engine, deadline = self.files.place.engine, time.monotonic() + patience
        with local_client() as client:
            while True:
                facts = engine.inspected("container", container)
                if facts is None or not (found := Container(facts)).alive:
                    return False
                if is_ready(client, f"http://{engine.reach(found.address)}", timeout=2.0):
                    return True
                if time.monotonic() > deadline:
                    return False
                time.sleep(POLL)
