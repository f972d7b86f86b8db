"""`delivery.yaml`, parsed once into frozen settings. The environment is read here alone."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from delivery.errors import InputError
from delivery.gates.policy import OVERRIDABLE, GatesPolicy
from delivery.gates.supply_chain.reproduction import Level
from delivery.gates.supply_chain.signature import Signer
from serving.contract import ContractError, Strict, parse
from serving.settings.service import ServingSettings

FILE = "delivery.yaml"
PORT_OFFSET = "DELIVERY_PORT_OFFSET"


class LocalTargetSettings(Strict):
    """Bento processes behind a router on this machine, at 127.0.0.1:`port`."""

    kind: Literal["local"]
    port: int = Field(ge=1024, le=65535)


class EnvironmentSettings(Strict):
    """One environment."""

    target: LocalTargetSettings
    executes_code: bool = False  # may a model that is code run here?
    # Gates that a person may override with a reason; None: every gate, but none in the last.
    overrides: tuple[str, ...] | None = None

    @field_validator("overrides")
    @classmethod
    def _are_gates(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        unknown = sorted(set(value or ()) - OVERRIDABLE)
        if unknown:
            raise ValueError(
                f"{unknown[0]} cannot be overridden; these gates can: "
                f"{', '.join(sorted(OVERRIDABLE))}"
            )
        return value


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]


class Settings(Strict):
    """The policy of a repository."""

    environments: dict[Name, EnvironmentSettings] = Field(min_length=1)
    gates: GatesPolicy = GatesPolicy()
    serving: ServingSettings = ServingSettings()
    reproduce: Level = "bytes"  # what `delivery reproduce` has to find on the recorded platform
    trust: dict[Name, Signer] = Field(default_factory=dict)  # who may sign releases

    @field_validator("environments")
    @classmethod
    def _ports_differ(cls, value: dict[str, EnvironmentSettings]) -> dict[str, EnvironmentSettings]:
        ports = [environment.target.port for environment in value.values()]
        if len(set(ports)) != len(ports):
            raise ValueError("two environments have the same port")
        return value

    def environment(self, name: str) -> EnvironmentSettings:
        """The settings of one environment; InputError names those there are."""
        try:
            return self.environments[name]
        except KeyError:
            names = ", ".join(self.environments)
            raise InputError(f"no environment is called {name!r}; {FILE} has {names}") from None

    def upstream(self, name: str) -> str | None:
        """The environment a release must be verified in before `name`; None for the first."""
        self.environment(name)
        names = list(self.environments)
        position = names.index(name)
        return names[position - 1] if position else None

    def downstream(self, name: str) -> str | None:
        """The environment that follows `name`; None for the last."""
        self.environment(name)
        names = list(self.environments)
        position = names.index(name) + 1
        return names[position] if position < len(names) else None

    def overrides(self, name: str) -> tuple[str, ...] | None:
        """The gates that a person may override in an environment; None: all of them."""
        allowed = self.environment(name).overrides
        return () if allowed is None and name == self.last else allowed

    def may_override(self, name: str, gate: str) -> bool:
        """May a person's reason let a release into `name` that `gate` blocks?"""
        allowed = self.overrides(name)
        return allowed is None or gate in allowed

    @property
    def first(self) -> str:
        return next(iter(self.environments))

    @property
    def last(self) -> str:
        return next(reversed(self.environments))


def parse_yaml(text: str, source: str) -> Any:
    """YAML 1.2, safe types only. InputError names the line and, for a merge conflict, the cure."""
    if any(line.startswith(("<<<<<<< ", ">>>>>>> ")) for line in text.splitlines()):
        raise InputError(
            f"{source} holds an unresolved merge conflict. Resolve it, then `git add {source}`; "
            "for dvc.lock take either side and run `dvc repro`."
        )
    try:
        return YAML(typ="safe", pure=True).load(text)
    except (YAMLError, RecursionError) as error:  # the second: brackets without end
        first = " ".join(str(error).split())
        raise InputError(f"{source} is not YAML: {first}") from error


def parse_settings(text: str, source: str = FILE) -> Settings:
    """The settings in `text`, ports moved by DELIVERY_PORT_OFFSET."""
    try:
        settings = parse(Settings, parse_yaml(text, source) or {}, source=source)
    except ContractError as error:
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
    found = environ.get(PORT_OFFSET, "0")
    if not found.isdecimal():
        raise InputError(f"{PORT_OFFSET}={found!r}: expected a whole number such as 100")
    offset = int(found)
    moved = {
        name: environment.model_copy(
            update={
                "target": environment.target.model_copy(
                    update={"port": environment.target.port + offset}
                )
            }
        )
        for name, environment in settings.environments.items()
    }
    return settings.model_copy(update={"environments": moved})
