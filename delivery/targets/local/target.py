"""The local target: bento processes behind a router, on this machine.

    <workspace>/targets/<environment>/
        lock                       held by whoever changes the environment
        router/                    delivery.targets.local.router
        instances/<release>/       delivery.bento.server.Server, and instance.json once it is ready

Nothing is shared with another checkout but the ports, which settings choose. A process that died,
by itself or with the machine, is seen by its pid file; `start` replaces it, and both `start` and
`shift` bring back a router that died, with the shares it had.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Mapping, Set
from contextlib import ExitStack, contextmanager
from pathlib import Path

from delivery.bento.process import stop_all
from delivery.bento.readiness import is_ready, local_client
from delivery.bento.server import DEFAULTS, GRACE, Server
from delivery.errors import HeldError, TargetError
from delivery.files import LockedError, locked, write_whole
from delivery.targets.local.router import Router
from delivery.targets.protocol import Instance
from serving.settings.service import ServingSettings

# s: for requests that the router handed over and the bento has not read yet. Like the preStop
# delay on Kubernetes: a bento that was told to end resets connections it has not looked at.
SETTLE = 0.5


class LocalTarget:
    """Environment `environment` at 127.0.0.1:`port`, with its state under `workspace`.
    `settings` are what instances are started with."""

    kind = "local"
    lasting = True

    def __init__(
        self,
        environment: str,
        port: int,
        workspace: Path,
        settings: ServingSettings = DEFAULTS,
    ) -> None:
        self.environment = environment
        # It listens on 127.0.0.1 alone, and the gates that call it have no credentials.
        self.settings = settings.model_copy(update={"auth": "none"})
        self._workspace = workspace
        self._folder = workspace / "targets" / environment
        self._router = Router(self._folder / "router", port, environment)
        self.url = self._router.url

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep two writers of this environment apart; HeldError names the other one."""
        with ExitStack() as stack:
            try:
                stack.enter_context(locked(self._folder / "lock", wait=False))
            except LockedError as error:
                raise HeldError(
                    f"{self.environment} is being changed by another command ({error}). Wait for "
                    "it to end, or end it, and run this again."
                ) from error
            yield

    def instances(self) -> Mapping[str, Instance]:
        """What was started here and not retired; alive or not."""
        return {release: self._instance(release) for release in self._releases()}

    def start(self, release: str, bento: Path) -> Instance:
        """Run `bento` as `release` and wait until it is ready. Brings the router up too, so that
        a port in use is found before anything else."""
        if not self._router.healthy() or not self._router.file.exists():
            self._router.apply(self.route(), self._urls())
        if not self._adoptable(release):
            self._replace(release, bento)
        return self._instance(release)

    def route(self) -> Mapping[str, int]:
        """Release → percent; empty where the route is closed. What the router was told: see
        `healthy` for whether it runs."""
        return self._router.shares()

    def healthy(self) -> bool:
        """Does the router run? True where nothing was ever started."""
        return self._router.healthy()

    def shift(self, shares: Mapping[str, int]) -> None:
        """Route the traffic so, and wait until the route answers so."""
        wanted = {release: share for release, share in shares.items() if share}
        if any(share < 0 for share in wanted.values()) or sum(wanted.values()) not in (0, 100):
            raise ValueError(f"shares are percentages that add up to 100, or none: {shares}")
        urls = self._urls()
        if missing := sorted(wanted.keys() - urls.keys()):
            raise TargetError(
                f"{', '.join(missing)} does not run in {self.environment}, so it gets no traffic; "
                f"the route is unchanged. `delivery deploy {self.environment}` starts it."
            )
        self._router.apply(wanted, urls)

    def retire(self, keep: Set[str]) -> None:
        """Stop every instance not in `keep`. One that still has traffic is refused."""
        leaving = [release for release in self._releases() if release not in keep]
        if routed := sorted(self.route().keys() & set(leaving)):
            raise ValueError(f"{', '.join(routed)} still has traffic: shift it away first")
        self._end(leaving)

    def stop(self) -> None:
        """Stop the router, then all instances. Their logs go with them."""
        self._router.stop()
        self._end(self._releases())

    def _end(self, releases: list[str]) -> None:
        servers = [self._server(release) for release in releases]
        if any(server.process.alive() for server in servers):
            time.sleep(SETTLE)
        stop_all([server.process for server in servers], grace=GRACE)
        for server in servers:
            shutil.rmtree(server.folder, ignore_errors=True)

    def _replace(self, release: str, bento: Path) -> None:
        server = self._server(release)
        server.stop()
        self._facts(release).unlink(missing_ok=True)
        try:
            url = server.start(bento, release, self._workspace / "envs")
        except TargetError as error:
            raise TargetError(
                f"{error}. Its whole log: {server.log}. `delivery deploy {self.environment}` tries "
                "again."
            ) from error
        write_whole(self._facts(release), json.dumps({"url": url}) + "\n")
        if release in self.route():  # its traffic still goes to where it was before
            self._router.apply(self.route(), self._urls())

    def _adoptable(self, release: str) -> bool:
        instance = self._instance(release)
        with local_client() as client:
            return instance.alive and is_ready(client, instance.url)

    def _instance(self, release: str) -> Instance:
        leader = self._server(release).process.leader()
        try:
            url = json.loads(self._facts(release).read_text(encoding="utf-8"))["url"]
        except FileNotFoundError:
            return Instance(release, "", alive=False, detail="its start did not finish")
        if leader is None:
            return Instance(release, url, alive=False, detail="its process is gone")
        return Instance(release, url, alive=True, detail=f"pid {leader.pid}")

    def _urls(self) -> Mapping[str, str]:
        found = self.instances()
        return {release: instance.url for release, instance in found.items() if instance.alive}

    def _releases(self) -> list[str]:
        parent = self._folder / "instances"
        return sorted(folder.name for folder in parent.iterdir()) if parent.is_dir() else []

    def _server(self, release: str) -> Server:
        return Server(self._folder / "instances" / release, self.settings)

    def _facts(self, release: str) -> Path:
        return self._server(release).folder / "instance.json"
