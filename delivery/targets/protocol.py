"""What every target can do: run releases, and lead clients to them.

Adapters do the I/O and decide nothing. Every method may be called again after a kill at any point
and ends in the same state. All raise TargetError where the place itself fails.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from delivery.bento.bento import Bento
from serving.settings.service import ServingSettings


@dataclass(frozen=True, slots=True)
class Instance:
    """A release that a runtime was asked to run. `alive` is False for one that died."""

    release: str
    url: str
    alive: bool
    detail: str = ""  # for people: a pid, a pod name


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a target can. A rollout that needs more is for another target."""

    lasting: bool  # what is started stays up after the command


class Runtime(Protocol):
    """Where the releases of one environment run."""

    @property
    def environment(self) -> str: ...

    @property
    def settings(self) -> ServingSettings:
        """What its instances are started with."""
        ...

    def lock(self) -> AbstractContextManager[None]:
        """Keep two writers of this environment apart; HeldError if another holds it."""
        ...

    def instances(self) -> Mapping[str, Instance]:
        """What was started here and not retired, by release id."""
        ...

    def start(self, bento: Bento) -> Instance:
        """Run a release beside the others and wait until it is ready. Adopts one that runs. A
        new one gets no traffic; one that replaces a dead one keeps its share of the route."""
        ...

    def retire(self, keep: Set[str]) -> None:
        """Stop every instance whose release is not in `keep`, letting requests finish."""
        ...

    def stop(self) -> None:
        """Stop all instances."""
        ...


class Router(Protocol):
    """What leads the clients of one environment to its releases."""

    @property
    def url(self) -> str:
        """Where clients reach the environment."""
        ...

    def weights(self) -> Mapping[str, int]:
        """Release id → share of the traffic in percent; empty where the route is closed."""
        ...

    def set_weights(self, weights: Mapping[str, int]) -> None:
        """Route the traffic so, at once for new requests, and wait until the route really
        answers with (one of) these releases. Empty closes the route: clients get 503."""
        ...

    def healthy(self) -> bool:
        """Does it run? True where nothing was routed yet."""
        ...

    def stop(self) -> None:
        """Stop it and forget the route."""
        ...


@dataclass(frozen=True, slots=True)
class Target:
    """One environment's place to run, what leads its clients there, and what both can."""

    runtime: Runtime
    router: Router
    capabilities: Capabilities

    def stop(self) -> None:
        """Stop the route, then all instances."""
        self.router.stop()
        self.runtime.stop()
