"""The instances of an environment as its engine tells: what was started, and if it lives.

A container is found by its labels. Its name ends in something random, so that one is replaced
beside itself; the engine's own name server leads to it by that name, whatever its address is.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from delivery.bento.bento import Bento
from delivery.bento.readiness import is_ready, local_client
from delivery.targets.docker.engine import Engine
from delivery.targets.docker.images import pulled
from delivery.targets.docker.place import PORT, REFUSED, Place, label
from delivery.targets.protocol import Instance
from serving.settings.host import ENVIRONMENT, LOCAL
from serving.settings.service import ServingSettings

ASK = 2.0  # s: how long one that is asked how it is may take
ROLE = "instance"
OTHER = "runs by other settings than delivery.yaml has"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one instance may take: `memory` as docker writes it (1g), and processors."""

    memory: str
    cpus: float


@dataclass(frozen=True, slots=True)
class Container:
    """What `docker inspect` said."""

    facts: Mapping[str, Any]

    @property
    def id(self) -> str:
        return str(self.facts["Id"])

    @property
    def name(self) -> str:
        return str(self.facts["Name"]).removeprefix("/")

    @property
    def release(self) -> str:
        return label(self.facts, "release")

    @property
    def image(self) -> str:
        """What it was started from, NAME@sha256:…"""
        return str(self.facts["Config"].get("Image", ""))

    @property
    def alive(self) -> bool:
        return bool(self.facts["State"]["Running"]) and bool(self.address)

    @property
    def begun(self) -> datetime:
        """When it was started last."""
        return datetime.fromisoformat(self.facts["State"]["StartedAt"][:19]).replace(tzinfo=UTC)

    @property
    def address(self) -> str:
        """Host and port on the engine's machine; empty where it has none."""
        networks = self.facts["NetworkSettings"]["Networks"].values()
        hosts = [network["IPAddress"] for network in networks if network["IPAddress"]]
        return f"{hosts[0]}:{PORT}" if hosts else ""

    @property
    def restarts(self) -> bool:
        """Does the engine start it again by itself?"""
        return bool(self.facts["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped")

    def instance(self, engine: Engine) -> Instance:
        """How it is, by what the engine says."""
        state = self.facts["State"]
        problem = ""
        if state["Paused"]:
            problem = "is paused"
        elif not self.alive:
            why = "it had no more memory" if state["OOMKilled"] else f"exit {state['ExitCode']}"
            problem = f"is not running ({why})"
        url = f"http://{engine.reach(self.address)}" if self.alive else ""
        return Instance(self.release, url, self.alive, f"container {self.id[:12]}", problem)


@dataclass(frozen=True, slots=True)
class Containers:
    """The instances at `place`, started with `settings` and `limits`."""

    place: Place
    settings: ServingSettings
    limits: Limits

    def slots(self) -> Sequence[Container]:
        """Every container that was started and not given up."""
        return [Container(facts) for facts in self.place.containers(ROLE)]

    def adopt_orphans(self) -> None:
        """There are none: a container that runs is known to its engine."""

    def current(self, release: str) -> Container | None:
        """The one that counts: of those that live, the one that was started last."""
        return _current(self.slots(), release)

    def outdated(self, release: str) -> Sequence[Container]:
        """Those of a release that do not count any more."""
        own = [each for each in self.slots() if each.release == release]
        current = _current(own, release)
        return [each for each in own if current is None or each.id != current.id]

    def read(self, release: str) -> Instance:
        """By what the engine says alone."""
        current = self.current(release)
        if current is None:
            return Instance(release, "", alive=False, problem="is not running")
        return self._read(current)

    def ask(self) -> Mapping[str, Instance]:
        """All, each asked whether it answers."""
        slots = self.slots()
        releases = sorted({each.release for each in slots})
        current = [found for release in releases if (found := _current(slots, release))]
        return {each.release: _asked(self._read(each)) for each in current}

    def addresses(self) -> Mapping[str, str]:
        """Release → URL in the network of the router, of each that is alive."""
        return {release: f"http://{name}:{PORT}" for release, (name, _) in self.hosts().items()}

    def hosts(self) -> Mapping[str, tuple[str, str]]:
        """Release → container, and its address in the network; of each that is alive."""
        slots = [each for each in self.slots() if each.alive]
        newest = {each.release: _current(slots, each.release) or each for each in slots}
        return {
            release: (each.name, each.address.partition(":")[0]) for release, each in newest.items()
        }

    def create(self, bento: Bento) -> str:
        """Start a container beside what there is; its id. It gets no second start by the engine
        before it is settled."""
        release, image = bento.id, pulled(self.place.engine, bento)
        labels = {"release": release, "options": self._digest(release)}
        return self.place.engine(
            "run", "--detach", f"--name={self.place.name(f'{release}-{secrets.token_hex(3)}')}",
            *self.place.labelled(ROLE, labels), *self._options(release), image,
        )  # fmt: skip

    def fits(self, container: Container) -> bool:
        """Was it started with what it would be started with now?"""
        return label(container.facts, "options") == self._digest(container.release)

    def _read(self, container: Container) -> Instance:
        instance = container.instance(self.place.engine)
        if instance.problem or self.fits(container):
            return instance
        return replace(instance, problem=OTHER)

    def _options(self, release: str) -> Sequence[str]:
        variables = {
            "RELEASE_ID": release,
            ENVIRONMENT: LOCAL,  # its network leads nowhere, and the router is on this host
            **self.settings.to_environment(),
        }
        return [
            *REFUSED,
            f"--network={self.place.inside}",
            "--tmpfs=/tmp:rw,noexec,nosuid,nodev,size=256m",
            f"--memory={self.limits.memory}",
            f"--memory-swap={self.limits.memory}",
            f"--cpus={self.limits.cpus:g}",
            "--pids-limit=500",
            *(f"--env={name}={value}" for name, value in variables.items()),
        ]

    def _digest(self, release: str) -> str:
        content = json.dumps(self._options(release))
        return hashlib.sha256(content.encode()).hexdigest()[:12]


def _current(slots: Sequence[Container], release: str) -> Container | None:
    own = [each for each in slots if each.release == release]
    order = sorted(own, key=lambda each: (each.alive, each.facts["Created"]))
    return order[-1] if order else None


def _asked(instance: Instance) -> Instance:
    if instance.problem:
        return instance
    with local_client() as client:
        if is_ready(client, instance.url, timeout=ASK):
            return instance
    return replace(instance, problem=f"does not say within {ASK:g} s that it is ready")
