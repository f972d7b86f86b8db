"""The runtime of the local target: a process for each release, with an environment of its own.

`start` replaces a process that died or hangs, and brings back a router that died, with its weights.
A release that has traffic is replaced beside itself: what answers is ended when nobody is led to
it any more.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from delivery.bento.bento import Bento
from delivery.bento.readiness import is_ready, local_client
from delivery.bento.server import GRACE
from delivery.errors import TargetError
from delivery.processes.process import stop_all
from delivery.targets.local.instances import Instances
from delivery.targets.local.routing.fence import Fence
from delivery.targets.local.routing.router import LocalRouter
from delivery.targets.local.settlement import Settlement
from delivery.targets.local.slot import Slot
from delivery.targets.protocol import Instance, Writer
from delivery.targets.state import StateFolder
from serving.settings.service import ServingSettings

# s: for requests that the router handed over and the bento has not read yet. Like the preStop
# delay on Kubernetes: a bento that was told to end resets connections it has not looked at.
SETTLE = 0.5
LED = "has a share of the route, which leads to another place"


@dataclass(frozen=True)
class LocalRuntime:
    """The instances of `environment`, whose Python environments lie in `envs`."""

    environment: str
    folder: StateFolder
    envs: Path
    files: Instances
    router: LocalRouter
    fence: Fence

    @property
    def settings(self) -> ServingSettings:
        return self.files.settings

    @property
    def predictions(self) -> Path:
        """Where all instances write what they were asked and answered."""
        if self.files.predictions is None:
            raise TargetError(f"{self.environment} keeps no prediction log that commands can read")
        return self.files.predictions

    @property
    def settlement(self) -> Settlement:
        return Settlement(self.folder / "settled.json")

    def lock(self, writer: Writer = Writer.DEPLOYMENT) -> AbstractContextManager[None]:
        """Keep two writers of this environment apart."""
        return self.fence.lock(writer)

    def require_turn(self) -> None:
        """HeldError if the writer may not go on."""
        self.fence.require_turn()

    def instances(self) -> Mapping[str, Instance]:
        """What was started here and not retired; alive or not."""
        led = self.router.file.addresses()
        instances = self.files.ask()
        return {name: self._led(instance, led.get(name)) for name, instance in instances.items()}

    def settled(self) -> Set[str]:
        """What the last deployment left here. A candidate with a share is on trial: nobody else
        starts it again, or answers for it."""
        split = self.router.split()
        return self.settlement.read(self.router.weights()) - ({split.candidate} if split else set())

    def start(self, bento: Bento) -> Instance:
        """Run a release and wait until it is ready. Brings the router up too, so that a port in
        use is found before anything else."""
        self.require_turn()
        self.files.adopt_orphans()
        if not self.router.in_order:
            self.router.bring_up()
        if not self._adopt(bento):
            self._launch(bento)
        instance = self.files.read(bento.id)
        if self._led(instance, self.router.file.addresses().get(bento.id)).problem:
            self.router.refresh()  # its traffic still goes to where it was before
        self._end(self.files.outdated(bento.id))
        return instance

    def retire(self, keep: Set[str]) -> None:
        """Stop every instance not in `keep`. One that still has traffic is refused."""
        self.files.adopt_orphans()
        route = self.router.weights()
        leaving = [slot for slot in self.files.slots() if slot.release not in keep]
        if routed := sorted(route.keys() & {slot.release for slot in leaving}):
            raise ValueError(f"{', '.join(routed)} still has traffic: move it away first")
        with self.fence.write():
            self.settlement.write(keep, route)
        self._end(leaving)

    def stop(self) -> None:
        """Stop all instances. Their logs go with them."""
        self.require_turn()
        self.settlement.forget()
        self.files.adopt_orphans()
        self._end(self.files.slots())

    def _led(self, instance: Instance, address: str | None) -> Instance:
        """With the problem that the route leads its share to another `address`; None: it has
        none."""
        if instance.problem or address in (None, instance.url):
            return instance
        return replace(instance, problem=LED)

    def _end(self, slots: Sequence[Slot]) -> None:
        servers = [slot.server for slot in slots]
        resumed = [server.process.resume() for server in servers]
        if any(resumed):
            time.sleep(SETTLE)
        self.require_turn()  # this very moment: a rollback may need what is ended here
        stop_all([server.process for server in servers], grace=GRACE)
        for server in servers:
            shutil.rmtree(server.folder, ignore_errors=True)

    def _adopt(self, bento: Bento) -> bool:
        """Keep the instance that is there, if it is whole and says that it is ready."""
        slot = self.files.current(bento.id)
        instance = slot.read()
        whole = not instance.problem or (slot.server.process.alive() and not slot.noted())
        if not (whole and instance.alive and _ready(instance)):
            return False
        if instance.problem:
            slot.write(instance.url)
        return True

    def _launch(self, bento: Bento) -> None:
        """Start it in a slot where nothing of it answers."""
        self._lead_to_neighbour(bento.id)
        slot = self.files.spare(bento.id)
        slot.server.stop()
        slot.forget()
        try:
            url = slot.server.start(bento.path, bento.id, self.envs)
        except TargetError as error:
            self.require_turn()  # or else a rollback that wanted the place ended it
            raise TargetError(
                f"{error}. Its whole log: {slot.server.log}. "
                f"`delivery deploy {self.environment}` tries again."
            ) from error
        slot.write(url)

    def _lead_to_neighbour(self, release: str) -> None:
        """While a release with traffic answers nobody, a settled one that is warm may."""
        instance = self.files.read(release)
        answers = instance.alive and instance.problem  # what lost something is known by its answer
        if answers or release not in self.router.weights():
            return
        for neighbour in sorted(self.settled() - {release}):
            other = self.files.read(neighbour)
            if other.alive and _ready(other):
                self.router.refresh({release: neighbour})
                return


def _ready(instance: Instance) -> bool:
    with local_client() as client:
        return is_ready(client, instance.url)
