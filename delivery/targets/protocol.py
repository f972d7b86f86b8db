"""What every target can do. Adapters do the I/O and decide nothing."""

from __future__ import annotations

from collections.abc import Mapping, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from serving.settings.service import ServingSettings


@dataclass(frozen=True, slots=True)
class Instance:
    """A release that a target was asked to run. `alive` is False for one that died."""

    release: str
    url: str
    alive: bool
    detail: str = ""  # for people: a pid, a pod name


class Target(Protocol):
    """One environment's place to run.

    Every method may be called again after a kill at any point and ends in the same state.
    Raises TargetError where the place itself fails.
    """

    environment: str
    kind: str  # as in the events that it writes
    lasting: bool  # does what is started here stay up after the command?
    url: str  # where clients reach the environment
    settings: ServingSettings  # what its instances are started with

    def lock(self) -> AbstractContextManager[None]:
        """Keep two writers of this environment apart; HeldError if another holds it."""
        ...

    def instances(self) -> Mapping[str, Instance]:
        """What was started here and not retired, by release id."""
        ...

    def start(self, release: str, bento: Path) -> Instance:
        """Run the bento folder `bento` as `release` beside the others and wait until it is
        ready. Adopts one that runs. A new one gets no traffic; one that replaces a dead one
        keeps the share that the route gave it."""
        ...

    def route(self) -> Mapping[str, int]:
        """Release id → share of the traffic in percent; empty where the route is closed."""
        ...

    def shift(self, shares: Mapping[str, int]) -> None:
        """Route the traffic so, at once for new requests, and wait until the route really
        answers with (one of) these releases. Empty closes the route: clients get 503."""
        ...

    def healthy(self) -> bool:
        """Does whatever routes the traffic run? True where nothing was routed yet."""
        ...

    def retire(self, keep: Set[str]) -> None:
        """Stop every instance whose release is not in `keep`, letting requests finish."""
        ...

    def stop(self) -> None:
        """Stop all instances and the route."""
        ...
