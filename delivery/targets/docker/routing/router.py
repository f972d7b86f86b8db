"""The router of an environment on an engine: as the local one, with Traefik in a container and its
file in a volume. An instance is named by its container, since addresses change at a reboot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from delivery.targets.docker.place import Place
from delivery.targets.docker.routing.lease import ContainerLease
from delivery.targets.docker.routing.records import ContainerRequests
from delivery.targets.docker.routing.traefik import ContainerTraefik
from delivery.targets.docker.state.volume import Volume
from delivery.targets.local.routing.certificate import certificate
from delivery.targets.local.routing.configuration import Rollout
from delivery.targets.local.routing.lease import answers
from delivery.targets.local.routing.route_file import RouteFile
from delivery.targets.local.routing.router import LocalRouter
from delivery.targets.mirror import Mirror
from delivery.targets.protocol import Lease
from delivery.targets.split import Split


@dataclass(frozen=True, slots=True)
class ContainerRouter(LocalRouter):
    """Of `image`; its `folder` is a path in the container. `hosts` gives the container of each
    release and its address."""

    place: Place = field(kw_only=True)
    volume: Volume = field(kw_only=True)
    image: str = field(kw_only=True)
    hosts: Callable[[], Mapping[str, tuple[str, str]]] = field(kw_only=True)

    @property
    def traefik(self) -> ContainerTraefik:
        return ContainerTraefik(
            self.folder, self.port, self.environment, self._routes,
            place=self.place, image=self.image, volume=self.volume,
        )  # fmt: skip

    @property
    def url(self) -> str:
        """Where this machine finds it; clients of the engine's machine do at its port there."""
        return f"http://{self.place.engine.reach(f'127.0.0.1:{self.port}')}"

    @property
    def file(self) -> RouteFile:
        return RouteFile(self.volume / f"{self._routes.name}/route.yml")

    def watched(self) -> AbstractContextManager[Lease]:
        """A lease of this process, for as long as the block."""
        return _watched(self.place)

    def divide(self, split: Split, lease: Lease) -> None:
        """As the protocol has it."""
        self._attach(split.candidate, lease)
        LocalRouter.divide(self, split, lease)

    def reflect(self, mirror: Mirror, lease: Lease) -> None:
        """As the protocol has it."""
        self._attach(mirror.candidate, lease)
        LocalRouter.reflect(self, mirror, lease)

    def is_watched(self) -> bool:
        """Has the candidate its slots or copies under a lease that holds, whosever it is?"""
        plan = self.file.plan()
        if plan is None:
            return False
        part = plan.split if isinstance(plan, Rollout) else plan.mirror
        _, host = self.hosts().get(part.candidate, ("", ""))
        return bool(host) and answers(self.place.engine.reach(f"{host}:{plan.lease}"))

    def requests(self, split: Split) -> ContainerRequests:
        """What was written down about the requests of an attempt; `samples` reads on."""
        return ContainerRequests(self.volume, split)

    def _attach(self, candidate: str, lease: Lease) -> None:
        """Let the lease be answered for beside the candidate."""
        if found := self.hosts().get(candidate):
            cast("ContainerLease", lease).attach(found[0])

    def _tls(self) -> Mapping[str, Any]:
        names = ("certificate.pem", "key.pem")
        files = [self.volume / f"tls/{name}" for name in names]
        if not all(file.exists() for file in files):
            with TemporaryDirectory() as made:
                for file, path in zip(files, certificate(Path(made)), strict=True):
                    file.write_whole(path.read_text(encoding="utf-8"))
        certified, key = (str(self.folder / "tls" / name) for name in names)
        default = {"certFile": certified, "keyFile": key}
        return {"stores": {"default": {"defaultCertificate": default}}}


@contextmanager
def _watched(place: Place) -> Iterator[ContainerLease]:
    lease = ContainerLease(place)
    try:
        yield lease
    finally:
        lease.close()
