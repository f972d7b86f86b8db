"""Targets on a container engine, lent to tests: the images that they need, and what they leave."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from delivery.bento.bento import Bento
from delivery.files import program
from delivery.image.layout import Image
from delivery.image.reference import Reference
from delivery.image.registry import push
from delivery.settings.policy import DockerTargetSettings, Environment, EnvironmentSettings
from delivery.targets.docker.target import docker_target
from delivery.targets.protocol import Target
from serving.settings.service import ServingSettings
from tests.delivery.running import free_port
from tests.images.base import lay_out, make_base, on_base
from tests.images.engine import Engine, engine, registry

FAKE = Path(__file__).parent / "fake_service.py"


@dataclass(frozen=True)
class Dock:
    """An engine, and images of Python, Traefik and a service that starts at once."""

    docker: Engine
    host: str  # of a registry
    folder: Path
    python: Image
    base: Reference
    router: Reference
    service: Reference
    made: list[Target] = field(default_factory=list)

    def settings(self, port: int, **more: Any) -> DockerTargetSettings:
        return DockerTargetSettings(
            kind="docker", port=port, base=str(self.base), router=str(self.router),
            host=self.docker.host, **more,
        )  # fmt: skip

    def target(self, name: str = "", port: int = 0, **more: Any) -> Target:
        """A target of an environment, that nobody else has unless it has a name."""
        place = EnvironmentSettings(target=self.settings(port or free_port(), **more))
        called = name or f"t{secrets.token_hex(4)}"
        environment = Environment(called, place, ServingSettings(), None, None, None)
        self.made.append(docker_target(environment, self.folder / "workspace"))
        return self.made[-1]

    def clear(self) -> None:
        """End what was made, and what it keeps for later."""
        names = {target.runtime.environment for target in self.made}
        for target in self.made:
            target.stop()
            target.runtime.folder.close()
        self.made.clear()
        for name in names:
            self.docker("volume", "rm", f"delivery-{name}-state", check=False)

    def bento(self, release: str) -> Bento:
        return Bento(release, self.folder / release, str(self.service))


@contextmanager
def dock() -> Iterator[Dock]:
    """Skips with one line where there is no engine."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="dock-")))
        docker = stack.enter_context(engine(folder))
        host = stack.enter_context(registry(folder))
        base = make_base(folder / "debian")
        binary = {"traefik": Path(program("traefik")).resolve()}
        traefik = lay_out(folder / "traefik", binary, 1, Entrypoint=["/traefik"])
        made = Dock(
            docker, host, folder, base, push(base, f"{host}/base", "base"),
            push(traefik, f"{host}/traefik", "base"),
            push(fake_service(folder / "service", base), f"{host}/service", "made"),
        )  # fmt: skip
        try:
            yield made
        finally:
            made.clear()


def fake_service(folder: Path, base: Image) -> Image:
    """fake_service.py on a base."""
    start = ["python3", "/srv/service.py"]
    return on_base(folder, base, {"srv/service.py": FAKE}, User="65532:65532", Entrypoint=start)
