"""`delivery.yaml`, parsed once into frozen settings. Of the environment only
DELIVERY_PORT_OFFSET is read here; `delivery.settings.host` has the table of the rest.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from delivery.documents import parse_yaml
from delivery.errors import InputError
from delivery.gates.policy import GatesPolicy
from delivery.gates.registry import OVERRIDABLE, RENAMED
from delivery.gates.supply_chain.reproduction import Level
from delivery.settings.experiment import Experiment, FeedbackSettings
from delivery.settings.freeze import Freeze
from delivery.settings.kubernetes import KubernetesTargetSettings
from delivery.settings.monitoring import Monitoring
from delivery.settings.rollout import Rollout
from delivery.trust.signers import Signer
from serving.settings.service import ServingSettings
from serving.strict import DocumentError, Strict, parse

FILE = "delivery.yaml"
PORT_OFFSET = "DELIVERY_PORT_OFFSET"


# A tag can be moved to another image.
ImageByDigest = Annotated[str, Field(pattern=r"^[^@\s]+@sha256:[0-9a-f]{64}$")]


class LocalTargetSettings(Strict):
    """Bento processes behind a router on this machine, at 127.0.0.1:`port`."""

    kind: Literal["local"]
    port: int = Field(ge=1024, le=65535)


class DockerTargetSettings(Strict):
    """Containers on one host, behind a router at 127.0.0.1:`port` there.

    `host` is as DOCKER_HOST has it, ssh://user@host for example; empty: DOCKER_HOST itself. `base`
    has Python, `router` is Traefik. `memory` and `cpus` are what one instance may take.
    """

    kind: Literal["docker"]
    port: int = Field(ge=1024, le=65535)
    base: ImageByDigest
    router: ImageByDigest
    host: str = ""
    memory: str = Field(default="1g", pattern=r"^[1-9][0-9]*[mg]$")
    cpus: float = Field(default=1.0, gt=0)


class BatchTargetSettings(Strict):
    """Files are scored, and no service runs. `sample` is an address of files like those that are
    scored there, as `delivery batch run` takes it: a candidate and its champion are compared on
    their rows, before it is promoted."""

    kind: Literal["batch"]
    sample: str = Field(min_length=1)


TargetSettings = (
    LocalTargetSettings | DockerTargetSettings | KubernetesTargetSettings | BatchTargetSettings
)


class EnvironmentSettings(Strict):
    """One environment."""

    target: TargetSettings = Field(discriminator="kind")
    rollout: Rollout = Rollout()  # how a release comes to all clients
    experiment: Experiment = Experiment()  # how two releases are compared by what users do
    freeze: Freeze = Freeze()  # when nothing is promoted here
    # The store that shippers fill, as fsspec calls it; empty: the folder of the target.
    predictions: str = ""
    executes_code: bool = False  # may a model that is code run here?
    # Gates that a person may override with a reason; None: every gate, but none in the last.
    overrides: tuple[str, ...] | None = None

    @property
    def serves(self) -> bool:
        """Does a service answer clients here?"""
        return not isinstance(self.target, BatchTargetSettings)

    @field_validator("overrides")
    @classmethod
    def _are_gates(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        value = value and tuple(RENAMED.get(gate, gate) for gate in value)
        unknown = sorted(set(value or ()) - OVERRIDABLE)
        if unknown:
            raise ValueError(
                f"{unknown[0]} cannot be overridden; these gates can: "
                f"{', '.join(sorted(OVERRIDABLE))}"
            )
        return value


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment as the policy has it, with its neighbours in the order of promotion."""

    name: str
    settings: EnvironmentSettings
    serving: ServingSettings
    upstream: str | None  # where a release must be verified before it comes here
    downstream: str | None  # where it goes next
    overridable: tuple[str, ...] | None  # the gates that a person may override; None: all

    def __str__(self) -> str:
        return self.name

    @property
    def runs_images(self) -> bool:
        """Does its target run a release from an image, by the image's digest?"""
        return self.settings.target.kind in ("docker", "kubernetes")

    def may_override(self, gate: str) -> bool:
        """May a person's reason let a release in that `gate` blocks?"""
        return self.overridable is None or gate in self.overridable


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]


class Settings(Strict):
    """The policy of a repository."""

    environments: dict[Name, EnvironmentSettings] = Field(min_length=1)
    gates: GatesPolicy = GatesPolicy()
    serving: ServingSettings = ServingSettings()
    feedback: FeedbackSettings = FeedbackSettings()
    monitoring: Monitoring = Monitoring()  # what is promised, and when somebody is told
    reproduce: Level = "bytes"  # what `delivery reproduce` has to find on the recorded platform
    trust: dict[Name, Signer] = Field(default_factory=dict)  # who may sign

    @field_validator("environments")
    @classmethod
    def _places_differ(
        cls, value: dict[str, EnvironmentSettings]
    ) -> dict[str, EnvironmentSettings]:
        places = [_place(each.target) for each in value.values() if each.serves]
        for place in places:
            if places.count(place) > 1:
                raise ValueError(f"two environments have the same {place[0]}")
        return value

    def environment(self, name: str) -> Environment:
        """One environment, resolved; InputError names those there are."""
        if name not in self.environments:
            known = ", ".join(self.environments)
            raise InputError(f"no environment is called {name!r}; {FILE} has {known}")
        names = [None, *self.environments, None]
        place = names.index(name)
        settings = self.environments[name]
        allowed = settings.overrides
        return Environment(
            name=name,
            settings=settings,
            serving=self.serving,
            upstream=names[place - 1],
            downstream=names[place + 1],
            overridable=() if allowed is None and name == self.last else allowed,
        )

    @property
    def first(self) -> str:
        return next(iter(self.environments))

    @property
    def last(self) -> str:
        return next(reversed(self.environments))


def parse_settings(text: str, source: str = FILE) -> Settings:
    """The settings in `text`, ports moved by DELIVERY_PORT_OFFSET."""
    try:
        settings = parse(Settings, parse_yaml(text, source) or {}, source=source)
    except DocumentError as error:
        raise InputError(f"{error}. docs/delivery.md lists the keys.") from error
    return _shifted(settings, os.environ)


def read_settings(root: Path) -> Settings:
    """The settings of the checkout at `root`."""
    file = root / FILE
    try:
        return parse_settings(file.read_text(encoding="utf-8"), FILE)
    except FileNotFoundError as error:
        raise InputError(f"{file}: no such file; is {root} a checkout of this template?") from error


def _shifted(settings: Settings, environ: Mapping[str, str]) -> Settings:
    """Add DELIVERY_PORT_OFFSET to every port, so that checkouts can run side by side."""
    text = environ.get(PORT_OFFSET, "0")
    if not text.isdecimal():
        raise InputError(f"{PORT_OFFSET}={text!r}: expected a whole number such as 100")
    moved = {
        name: _moved(environment, int(text)) for name, environment in settings.environments.items()
    }
    return settings.model_copy(update={"environments": moved})


def _moved(environment: EnvironmentSettings, offset: int) -> EnvironmentSettings:
    target = environment.target
    if isinstance(target, KubernetesTargetSettings | BatchTargetSettings):
        return environment
    moved = target.model_copy(update={"port": target.port + offset})
    return environment.model_copy(update={"target": moved})


def _place(target: TargetSettings) -> tuple[str, ...]:
    """What no other environment may have: what it is called, and which."""
    if isinstance(target, KubernetesTargetSettings):
        return "namespace", target.namespace, target.context
    assert not isinstance(target, BatchTargetSettings)
    return "port", str(target.port)
