"""A target in memory and a context around it, to try deployments without processes.

The real target has its own tests, and the demo runs the real one; this one can be killed at any
call.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from delivery.context import Context
from delivery.errors import HeldError, TargetError
from delivery.gates.verdict import Status, Verdict
from delivery.judgement.judge import Judgement
from delivery.settings.policy import Settings
from delivery.state.snapshot import Snapshot
from delivery.targets.protocol import Instance, Target
from serving.settings.service import ServingSettings


class Killed(BaseException):
    """The process was killed here."""


@dataclass
class Place:
    """What a Target is, in memory. `calls_left` counts down to a kill."""

    environment: str
    kind: str = "local"
    lasting: bool = True
    url: str = "http://127.0.0.1:1"
    settings: ServingSettings = field(default_factory=ServingSettings)
    running: dict[str, bool] = field(default_factory=dict)
    shares: dict[str, int] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    seen: list[str] = field(default_factory=list)
    calls_left: int | None = None
    held: int = 0  # how often somebody else still has the lock

    def _call(self) -> None:
        if self.calls_left is not None:
            self.calls_left -= 1
            if self.calls_left < 0:
                raise Killed

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        if self.held:
            self.held -= 1
            raise HeldError("somebody else deploys here")
        yield

    def instances(self) -> Mapping[str, Instance]:
        return {name: Instance(name, self.url, alive) for name, alive in self.running.items()}

    def start(self, release: str, bento: Path) -> Instance:
        self._call()
        if release in self.broken:
            raise TargetError("it exits at once")
        self.running[release] = True
        return Instance(release, f"{self.url}/{release}", True)

    def route(self) -> Mapping[str, int]:
        return dict(self.shares)

    def shift(self, shares: Mapping[str, int]) -> None:
        self._call()
        assert all(self.running.get(release) for release in shares), "traffic to what is down"
        self.shares = dict(shares)
        self.seen.append(",".join(shares))

    def healthy(self) -> bool:
        return True

    def retire(self, keep: Set[str]) -> None:
        self._call()
        assert set(self.shares) <= set(keep), "retired what has traffic"
        self.running = {name: alive for name, alive in self.running.items() if name in keep}

    def stop(self) -> None:
        self.running, self.shares = {}, {}


@dataclass(frozen=True)
class World(Context):
    """A checkout whose targets are in memory and whose bentos need no bytes."""

    places: dict[str, Place] = field(default_factory=dict)

    def target(self, settings: Settings, environment: str) -> Target:
        settings.environment(environment)
        return self.places.setdefault(environment, Place(environment))

    def signature(self, snapshot: Snapshot, release: str, environment: str) -> Verdict:
        return Verdict("signature", "pass", "m", "r", "w")

    def bento(self, snapshot: Snapshot, release: str) -> Path:
        return self.root / release


def judgement(status: Status, gate: str = "smoke") -> Any:
    """A stand-in for `judge_live` whose one gate says `status`."""

    def judge(*_: object, **__: object) -> Judgement:
        verdict = Verdict(gate, status, "m", "r", "w")
        return Judgement((verdict,), "r", None, {})

    return judge
