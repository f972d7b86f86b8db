"""Traefik in a container: the only one that is published, on 127.0.0.1 of the engine's machine."""

from __future__ import annotations

import hashlib
import json
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from delivery.errors import InputError
from delivery.targets.docker.engine import EngineError
from delivery.targets.docker.place import REFUSED, STATE, Place, label
from delivery.targets.docker.routing.records import VolumeRecords
from delivery.targets.docker.state.volume import Volume
from delivery.targets.local.routing.configuration import PLUGIN
from delivery.targets.local.routing.probe import Probe
from delivery.targets.local.routing.traefik import OPTIONS, SOURCE, Traefik

# Not unless-stopped: engines before 23 take every signal that they pass on for a person's stop, and
# would leave a router that was told of a new route down after a reboot.
RESTART = "--restart=always"
BUSY = ("port is already allocated", "address already in use", "failed to bind")


@dataclass(frozen=True, slots=True)
class ContainerProcess:
    """The container `name`, asked as a process is: delivery.processes.process.Process."""

    place: Place
    name: str

    @property
    def file(self) -> Path:
        return Path(self.name)

    def found(self) -> Mapping[str, Any] | None:
        return self.place.engine.inspected("container", self.name)

    def alive(self) -> bool:
        container = self.found()
        return bool(container and container["State"]["Running"])

    def members(self) -> Sequence[str]:
        return [self.name] if self.alive() else []

    def leader(self) -> str | None:
        """Another text after another start."""
        container = self.found()
        running = container and container["State"]["Running"]
        return (
            f"{container['Id']} {container['State']['StartedAt']}"
            if container and running
            else None
        )

    def adopt(self, _: Sequence[str]) -> bool:
        """A container is known by its name, and needs no adoption."""
        return False

    def stop(self, *, grace: float) -> None:
        if grace and self.alive():
            with suppress(EngineError):  # it ended meanwhile
                self.place.engine("stop", f"--time={grace:.0f}", self.name)
        self.place.engine.removed(self.name)


@dataclass(frozen=True, slots=True)
class ContainerTraefik(Traefik):
    """Of `image`, with its state at `folder` in the container, which is a volume."""

    place: Place = field(kw_only=True)
    image: str = field(kw_only=True)
    volume: Volume = field(kw_only=True)

    @property
    def process(self) -> ContainerProcess:  # type: ignore[override]
        return ContainerProcess(self.place, self.place.name("router"))

    @property
    def probe(self) -> Probe:
        return Probe(f"http://{self.place.engine.reach(f'127.0.0.1:{self.port}')}")

    @property
    def records(self) -> VolumeRecords:
        return VolumeRecords(Path(), self.volume)

    @property
    def runs(self) -> bool:
        """Alive, and started with the options of now."""
        container = self.process.found()
        return bool(
            container
            and container["State"]["Running"]
            and label(container, "options") == self._digest
        )

    @property
    def _options(self) -> Sequence[str]:
        return [
            *REFUSED, RESTART, "--memory=256m", "--pids-limit=200",
            f"--network={self.place.front}", f"--publish=127.0.0.1:{self.port}:{self.port}",
            f"--volume={self.place.volume}:{STATE}", f"--workdir={STATE}", self.image,
        ]  # fmt: skip

    def _command(self) -> tuple[str, ...]:
        return (
            *OPTIONS,
            f"--entrypoints.web.address=:{self.port}",
            f"--providers.file.directory={self.routes}",
            f"--accesslog.filepath={self.folder / 'records' / 'access.log'}",
        )

    @property
    def _digest(self) -> str:
        content = json.dumps([*self._options, *self._command()])
        return hashlib.sha256(content.encode()).hexdigest()[:12]

    def _signal(self, sign: signal.Signals) -> None:
        with suppress(EngineError):  # it is dead, which the next look shows
            self.place.engine("kill", f"--signal={sign.name}", self.process.name)

    def _start(self, grace: float) -> None:
        self.process.stop(grace=grace)
        self.place.prepare()
        for file in sorted(SOURCE.iterdir()):
            copy = self.volume / f"plugins-local/src/delivery/{PLUGIN}/{file.name}"
            copy.write_whole(file.read_text(encoding="utf-8"))
        if not (self.volume / "records/access.log").exists():
            (self.volume / "records/access.log").write_whole("")
        name, engine = self.process.name, self.place.engine
        labels = self.place.labelled("router", {"options": self._digest})
        engine("create", f"--name={name}", *labels, *self._options, *self._command())
        engine("network", "connect", self.place.inside, name)
        try:
            engine("start", name)
        except EngineError as error:
            engine.removed(name)
            if any(word in error.said for word in BUSY):
                raise InputError(
                    f"port {self.port} of {self.environment} is in use on {engine.place}. Choose "
                    f"another in delivery.yaml (environments.{self.environment}.target.port), or "
                    "end what listens there."
                ) from error
            raise

    def _last_words(self) -> str:
        return self.place.engine.logs(self.process.name) or "it wrote nothing"
