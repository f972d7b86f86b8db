"""What every target can do: run releases, and lead clients to them.

Adapters do the I/O and decide nothing. Every method may be called again after a kill at any point
and ends in the same state. All raise TargetError where the place itself fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

from delivery.bento.bento import Bento
from delivery.gates.rollout.observations.samples import Samples
from delivery.gates.rollout.observations.served import Served
from delivery.targets.mirror import Mirror
from delivery.targets.orders import Orders
from delivery.targets.split import Split
from serving.settings.service import ServingSettings


@dataclass(frozen=True, slots=True)
class Instance:
    """A release that a runtime was asked to run. `alive` is False for one that died.

    `problem` says what a start would mend, as the rest of a sentence about the release; empty
    where it is as it should be. One that is alive may have a problem and answer all the same.
    """

    release: str
    url: str
    alive: bool
    detail: str = ""  # for people: a pid, a pod name
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a target can. A rollout that needs more is for another target."""

    lasting: bool  # what is started stays up after the command
    shares: bool = False  # a candidate gets a share of the traffic while somebody watches
    sticky: bool = False  # a client stays with its release for as long as its slot does
    records: bool = False  # the router writes down what became of each request
    predictions: bool = False  # what releases answered is written down where commands can read it
    mirror: bool = False  # the router sends a copy of predictions to a candidate

    def lacks(self, needed: Iterable[str]) -> Sequence[str]:
        """Which of these it cannot."""
        return [name for name in needed if not getattr(self, name)]


class Writer(Enum):
    """Who changes an environment.

    A deployment obeys a hold and the journal. A supervisor obeys neither, since it restores what
    is there. A rollback obeys a hold, and takes the lock away from whoever has it; to replay the
    journal does not.
    """

    DEPLOYMENT = "a deployment"
    SUPERVISOR = "the supervisor"
    ROLLBACK = "a rollback"
    REPLAY = "a replay"


class Runtime(Protocol):
    """Where the releases of one environment run."""

    @property
    def environment(self) -> str: ...

    @property
    def settings(self) -> ServingSettings:
        """What its instances are started with."""
        ...

    @property
    def predictions(self) -> Path:
        """The folder where instances write what they were asked and answered, and the labels that
        came since: docs/serving.md has the format. It may not exist."""
        ...

    def lock(self, writer: Writer = Writer.DEPLOYMENT) -> AbstractContextManager[None]:
        """Keep two writers of this environment apart; HeldError if another holds it. Until it
        ends, every call here and of the router that changes something raises HeldError once the
        writer may not go on: see `require_turn`."""
        ...

    def require_turn(self) -> None:
        """HeldError if the lock was taken away from its holder, who may have slept, or if the
        holder has to obey an order that came meanwhile."""
        ...

    def instances(self) -> Mapping[str, Instance]:
        """What was started here and not retired, by release id. Each is asked how it is."""
        ...

    def settled(self) -> Set[str]:
        """The releases that the last deployment left running here: what has traffic, and what it
        kept beside that. Nobody but a deployment starts anything else."""
        ...

    def start(self, bento: Bento) -> Instance:
        """Run a release beside the others and wait until it is ready. Adopts one that is as it
        should be. A new one gets no traffic; one that replaces another of the same release gets
        its share of the route before that one ends."""
        ...

    def retire(self, keep: Set[str]) -> None:
        """Stop every instance whose release is not in `keep`, letting requests finish. What is
        in `keep` is settled from now on."""
        ...

    def stop(self) -> None:
        """Stop all instances."""
        ...


class Lease(Protocol):
    """Under which a candidate has traffic."""

    @property
    def holds(self) -> bool: ...

    def renew(self) -> None:
        """It holds for another while."""
        ...

    def end(self) -> None:
        """It holds no more."""
        ...


class Requests(Protocol):
    """What became of the requests of an attempt."""

    def samples(self) -> Samples:
        """All so far."""
        ...

    def served(self) -> Served:
        """Who got an answer from whom, of the same requests."""
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

    def split(self) -> Split | None:
        """How clients are divided between a champion and a candidate; None where they are not."""
        ...

    def watched(self) -> AbstractContextManager[Lease]:
        """A lease of this process, for as long as the block."""
        ...

    def divide(self, split: Split, lease: Lease) -> None:
        """Give the candidate its slots for as long as `lease` holds: when it ends, however that
        comes, the champion answers everybody. Waits until the route answers so."""
        ...

    def mirror(self) -> Mirror | None:
        """What is mirrored; None where nothing is."""
        ...

    def reflect(self, mirror: Mirror, lease: Lease) -> None:
        """Send copies of predictions, and of nothing else, to the candidate for as long as `lease`
        holds; its answers are thrown away, and the champion answers everybody. A router that
        cannot mirror is asked for a share of 0 alone. Waits until the route answers so."""
        ...

    def is_under(self, lease: Lease) -> bool:
        """Has the candidate its slots, or its copies, under this lease?"""
        ...

    def is_watched(self) -> bool:
        """Has the candidate its slots or copies under a lease that holds, whosever it is?"""
        ...

    def requests(self, split: Split) -> Requests:
        """What the router wrote down about the requests of an attempt."""
        ...

    def refresh(self) -> bool:
        """Put the same weights in force again, for what is alive now. True if it had to be
        started for that."""
        ...

    def problem(self) -> str:
        """What a refresh would mend, as the rest of a sentence about the router; empty where it
        answers as it should, and where nothing was routed yet."""
        ...

    def stop(self) -> None:
        """Stop it and forget the route."""
        ...


@dataclass(frozen=True, slots=True)
class Target:
    """One environment's place to run, what leads its clients there, what people ordered, and what
    it can."""

    runtime: Runtime
    router: Router
    orders: Orders
    capabilities: Capabilities

    def stop(self) -> None:
        """Stop the route, then all instances."""
        self.router.stop()
        self.runtime.stop()
