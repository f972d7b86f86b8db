"""A target in memory and a context around it, to try deployments without processes.

The real target has its own tests, and the demo runs the real one; this one can be killed at any
call.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from delivery.bento.bento import Bento
from delivery.context import Context
from delivery.errors import HeldError, TargetError
from delivery.gates.judgement import Judgement
from delivery.gates.rollout.observations.samples import EMPTY, Samples
from delivery.gates.rollout.observations.served import Served, digest
from delivery.gates.supply_chain.signature import Evidence
from delivery.gates.verdict import Status, Verdict
from delivery.settings.policy import Environment, EnvironmentSettings, LocalTargetSettings
from delivery.state.snapshot import Snapshot
from delivery.targets.local.routing.lease import port_of
from delivery.targets.mirror import Mirror
from delivery.targets.orders import Hold, JournalEntry
from delivery.targets.protocol import Capabilities, Instance, Lease, Target, Writer
from delivery.targets.split import Split
from serving.settings.service import ServingSettings

ABLE = Capabilities(
    lasting=True, shares=True, sticky=True, records=True, predictions=True, mirror=True
)


class Killed(BaseException):
    """The process was killed here."""


@dataclass
class PlaceLease:
    """One that nobody asks for over HTTP."""

    port: int
    holds: bool = True

    def renew(self) -> None:
        self.holds = True

    def end(self) -> None:
        self.holds = False


@dataclass
class Place:
    """A runtime and a router in memory. `calls_left` counts down to a kill."""

    environment: str
    capabilities: Capabilities = ABLE
    url: str = "http://127.0.0.1:1"
    settings: ServingSettings = field(default_factory=ServingSettings)
    running: dict[str, bool] = field(default_factory=dict)
    shares: dict[str, int] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    seen: list[str] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)
    calls_left: int | None = None
    held: int = 0  # how often somebody else still has the lock
    ordered: Hold | None = None
    entry: JournalEntry | None = None
    epoch: int = 0  # counts how often the lock was taken
    free: bool = True
    turns: dict[int, tuple[int, Writer]] = field(default_factory=dict)  # by thread
    divided: Split | None = None
    mirrored: Mirror | None = None
    under: int = 0  # which lease
    leases: list[PlaceLease] = field(default_factory=list)
    recorded: Callable[[], Samples] = lambda: EMPTY
    predictions: Path = Path("/nowhere")

    @property
    def target(self) -> Target:
        return Target(self, self, self, self.capabilities)

    def _call(self) -> None:
        self.require_turn()
        if self.calls_left is not None:
            self.calls_left -= 1
            if self.calls_left < 0:
                raise Killed

    @contextlib.contextmanager
    def lock(self, writer: Writer = Writer.DEPLOYMENT) -> Iterator[None]:
        if writer is not Writer.ROLLBACK and (self.held or not self.free):
            self.held = max(self.held - 1, 0)
            raise HeldError("somebody else deploys here")
        self.epoch, self.free = self.epoch + 1, False
        turn, before = (self.epoch, writer), self.turns.get(threading.get_ident())
        self.turns[threading.get_ident()] = turn
        try:
            self.require_turn()
            yield
        finally:
            self.free = self.free or turn[0] == self.epoch
            self.turns.pop(threading.get_ident())
            if before:
                self.turns[threading.get_ident()] = before

    def require_turn(self) -> None:
        epoch, writer = self.turns.get(threading.get_ident(), (self.epoch, Writer.SUPERVISOR))
        if epoch != self.epoch:
            raise HeldError("a rollback took over")
        if self.ordered and writer is not Writer.SUPERVISOR:
            raise HeldError(f"{self.ordered}.")
        if self.entry and writer is Writer.DEPLOYMENT:
            raise HeldError(f"{self.entry}.")

    def hold(self) -> Hold | None:
        return self.ordered

    def write_hold(self, hold: Hold) -> None:
        self.ordered = hold

    def lift_hold(self) -> None:
        self.ordered = None

    def journal(self) -> JournalEntry | None:
        return self.entry

    def write_journal(self, entry: JournalEntry) -> None:
        self._call()
        self.entry = entry

    def clear_journal(self, entry: JournalEntry) -> None:
        self._call()
        self.entry = None if self.entry == entry else self.entry

    def instances(self) -> Mapping[str, Instance]:
        return {
            name: Instance(name, self.url, alive, problem="" if alive else "is not running")
            for name, alive in self.running.items()
        }

    def settled(self) -> Set[str]:
        return {*self.shares, *self.kept}

    def start(self, bento: Bento) -> Instance:
        self._call()
        if bento.id in self.broken:
            raise TargetError("it exits at once")
        self.running[bento.id] = True
        return Instance(bento.id, f"{self.url}/{bento.id}", True)

    def weights(self) -> Mapping[str, int]:
        return dict(self.shares)

    def set_weights(self, weights: Mapping[str, int]) -> None:
        self._call()
        assert all(self.running.get(release) for release in weights), "traffic to what is down"
        self.shares, self.divided, self.mirrored = dict(weights), None, None
        self.seen.append(",".join(weights))

    def split(self) -> Split | None:
        return self.divided

    @contextlib.contextmanager
    def watched(self) -> Iterator[Lease]:
        self.leases.append(PlaceLease(len(self.leases) + 1))
        try:
            yield self.leases[-1]
        finally:
            self.leases[-1].end()

    def divide(self, split: Split, lease: Lease) -> None:
        self._call()
        assert all(self.running.get(release) for release in split.weights), "a share of the dead"
        self.shares, self.divided, self.under = dict(split.weights), split, port_of(lease)
        self.mirrored = None
        self.seen.append(",".join(split.weights))

    def mirror(self) -> Mirror | None:
        return self.mirrored

    def reflect(self, mirror: Mirror, lease: Lease) -> None:
        self._call()
        assert self.running.get(mirror.champion), "a mirror before the dead"
        assert self.running.get(mirror.candidate), "copies for the dead"
        self.shares, self.divided = {mirror.champion: 100}, None
        self.mirrored, self.under = mirror, port_of(lease)

    def is_under(self, lease: Lease) -> bool:
        return self._has_plan() and self.under == port_of(lease)

    def is_watched(self) -> bool:
        return self._has_plan() and self.leases[self.under - 1].holds

    def _has_plan(self) -> bool:
        return self.divided is not None or self.mirrored is not None

    def requests(self, split: Split) -> Place:
        return self

    def samples(self) -> Samples:
        """What the test says that the router wrote down; nothing to begin with."""
        return self.recorded()

    def served(self) -> Served:
        """The same requests, each named by its place."""
        made = self.recorded()
        names = np.array([digest(str(place)) for place in range(len(made))], np.uint64)
        return Served(made.at, made.candidate, made.entity, names)

    def refresh(self) -> bool:
        self._call()
        return False

    def problem(self) -> str:
        return ""

    def retire(self, keep: Set[str]) -> None:
        self._call()
        assert set(self.shares) <= set(keep), "retired what has traffic"
        self.running = {name: alive for name, alive in self.running.items() if name in keep}
        self.kept = set(keep)

    def stop(self) -> None:
        self.running, self.shares = {}, {}


def environment(name: str, port: int = 7101, **more: Any) -> Environment:
    """An environment on this machine, alone in its policy but for what `more` says."""
    place = EnvironmentSettings(target=LocalTargetSettings(kind="local", port=port))
    facts = {"upstream": None, "downstream": None, "overridable": None} | more
    return Environment(name, place, ServingSettings(), **facts)


@dataclass(frozen=True)
class World(Context):
    """A checkout whose targets are in memory and whose bentos need no bytes."""

    places: dict[str, Place] = field(default_factory=dict)

    def target(self, environment: Environment) -> Target:
        return self.places.setdefault(environment.name, Place(environment.name)).target

    def signature(
        self, snapshot: Snapshot, release: str, environment: str, image: str | None = None
    ) -> Verdict:
        return Verdict("signature", "pass", "m", "r", "w")

    def signed(
        self, snapshot: Snapshot, release: str, environment: str, image: str | None = None
    ) -> Evidence:
        now = datetime.now(UTC)
        return Evidence(environment, {"a": "1"}, {"a": "1"}, now, own=True, genuine=True)

    def bento(self, snapshot: Snapshot, release: str) -> Path:
        return self.root / release


def judgement(status: Status, gate: str = "smoke") -> Any:
    """A stand-in for `judge_live` whose one gate says `status`."""

    def judge(*_: object, **__: object) -> Judgement:
        verdict = Verdict(gate, status, "m", "r", "w")
        return Judgement((verdict,), "r", None, {})

    return judge
