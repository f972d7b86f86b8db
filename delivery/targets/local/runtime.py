"""The runtime of the local target: a process for each release, with an environment of its own.

`start` replaces a process that died, and brings back a router that died, with its weights.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from delivery.bento.bento import Bento
from delivery.bento.process import stop_all
from delivery.bento.readiness import is_ready, local_client
from delivery.bento.server import GRACE
from delivery.errors import HeldError, TargetError
from delivery.files import LockedError, locked
from delivery.targets.local.instances import Instances
from delivery.targets.local.router import LocalRouter
from delivery.targets.protocol import Instance
from serving.settings.service import ServingSettings

# s: for requests that the router handed over and the bento has not read yet. Like the preStop
# delay on Kubernetes: a bento that was told to end resets connections it has not looked at.
SETTLE = 0.5


@dataclass(frozen=True)
class LocalRuntime:
    """The instances of `environment`, whose Python environments lie in `envs`."""

    environment: str
    lock_file: Path
    envs: Path
    files: Instances
    router: LocalRouter

    @property
    def settings(self) -> ServingSettings:
        return self.files.settings

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep two writers of this environment apart; HeldError names the other one."""
        with ExitStack() as stack:
            try:
                stack.enter_context(locked(self.lock_file, wait=False))
            except LockedError as error:
                raise HeldError(
                    f"{self.environment} is being changed by another command ({error}). Wait for "
                    "it to end, or end it, and run this again."
                ) from error
            yield

    def instances(self) -> Mapping[str, Instance]:
        """What was started here and not retired; alive or not."""
        return {release: self.files.read(release) for release in self.files.releases()}

    def start(self, bento: Bento) -> Instance:
        """Run a release and wait until it is ready. Brings the router up too, so that a port in
        use is found before anything else."""
        if not (self.router.file.exists() and self.router.runs):
            self.router.refresh()
        if not self._adoptable(bento.id):
            self._replace(bento)
        return self.files.read(bento.id)

    def retire(self, keep: Set[str]) -> None:
        """Stop every instance not in `keep`. One that still has traffic is refused."""
        leaving = [release for release in self.files.releases() if release not in keep]
        if routed := sorted(self.router.weights().keys() & set(leaving)):
            raise ValueError(f"{', '.join(routed)} still has traffic: move it away first")
        self._end(leaving)

    def stop(self) -> None:
        """Stop all instances. Their logs go with them."""
        self._end(self.files.releases())

    def _end(self, releases: Sequence[str]) -> None:
        servers = [self.files.server(release) for release in releases]
        if any(server.process.alive() for server in servers):
            time.sleep(SETTLE)
        stop_all([server.process for server in servers], grace=GRACE)
        for server in servers:
            shutil.rmtree(server.folder, ignore_errors=True)

    def _replace(self, bento: Bento) -> None:
        server = self.files.server(bento.id)
        server.stop()
        self.files.forget(bento.id)
        try:
            url = server.start(bento.path, bento.id, self.envs)
        except TargetError as error:
            raise TargetError(
                f"{error}. Its whole log: {server.log}. `delivery deploy {self.environment}` tries "
                "again."
            ) from error
        self.files.write(bento.id, url)
        if bento.id in self.router.weights():  # its traffic still goes to where it was before
            self.router.refresh()

    def _adoptable(self, release: str) -> bool:
        instance = self.files.read(release)
        with local_client() as client:
            return instance.alive and is_ready(client, instance.url)
