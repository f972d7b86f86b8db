"""What an environment is called on its engine, and what every container of it is refused.

Names and labels are the one record of what is whose: after a crash of `delivery`, or from another
machine, everything is found by them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from delivery.targets.docker.engine import Engine, EngineError

LABEL = "model-delivery"
USER = 65532  # as images of releases have it
PORT = 3000  # where an instance answers, on the network of its environment
STATE = "/state"
PYTHON = "python3"
REFUSED = (
    "--read-only",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    f"--user={USER}:{USER}",
    # Rotated by the engine itself, whatever its own settings say.
    "--log-driver=local",
    "--log-opt=max-size=10m",
    "--log-opt=max-file=3",
)


@dataclass(frozen=True, slots=True)
class Place:
    """`environment` on `engine`. `base` is an image with Python, NAME@sha256:…"""

    engine: Engine
    environment: str
    base: str

    def name(self, what: str) -> str:
        return f"delivery-{self.environment}-{what}"

    def labels(self, role: str) -> Mapping[str, str]:
        return {f"{LABEL}.environment": self.environment, f"{LABEL}.role": role}

    def labelled(self, role: str, more: Mapping[str, str]) -> Sequence[str]:
        """The options that say what a container is."""
        own = {f"{LABEL}.{name}": value for name, value in more.items()}
        return [f"--label={name}={value}" for name, value in {**self.labels(role), **own}.items()]

    def containers(self, role: str) -> Sequence[Mapping[str, Any]]:
        """What the engine says of each container of a role."""
        return self.engine.containers(self.labels(role))

    @property
    def inside(self) -> str:
        """The network of instances and router. It leads nowhere else."""
        return self.name("inside")

    @property
    def front(self) -> str:
        """The network by which the router alone is published."""
        return self.name("front")

    @property
    def volume(self) -> str:
        return self.name("state")

    def prepare(self) -> None:
        """Make the networks that are missing."""
        for name, options in ((self.inside, ["--internal"]), (self.front, [])):
            if self.engine.inspected("network", name) is None:
                labels = self.labelled("network", {})
                self.engine("network", "create", *options, *labels, name)

    def clear(self) -> None:
        """Remove networks. The volume stays: it has what people ordered."""
        for name in (self.inside, self.front):
            with suppress(EngineError):
                self.engine("network", "rm", name)


def label(container: Mapping[str, Any], name: str) -> str:
    """A label of ours; empty where it has none."""
    return str((container["Config"].get("Labels") or {}).get(f"{LABEL}.{name}", ""))
