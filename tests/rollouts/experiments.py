"""Experiments under load: real git, signed events, processes, Traefik, HTTP and feedback. A day of
an experiment is a fraction of a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from delivery.bento.bento import Bento
from delivery.deployment import advance as advancing
from delivery.deployment.experiments import begin, conduct
from delivery.events.experiments import experiments_of
from delivery.gates.rollout.observations import outcomes
from delivery.judgement.proposed import Judged
from tests.checkout import POLICY
from tests.delivery.deployment.production import ENV, ONE, TWO
from tests.delivery.machine import Machine, machine
from tests.delivery.place import judgement
from tests.delivery.running import fake_bento
from tests.origin import Origin, version
from tests.rollouts.load import HEADER, Load

DAY = 0.3  # s
USERS = 3_000  # more than a run needs: however slow the machine is, new ones come
LIMITS = "planned: 1000, burn_in: 50, smallest: 0.4, after_s: 0.5, ceiling: 250"


@dataclass
class Lab:
    """Production with ONE live and TWO verified in staging, and clients."""

    world: Machine
    load: Load
    begun: float = 0.0

    @property
    def conclusion(self) -> Any:
        """How the newest experiment ended; None while it runs."""
        events = self.world.snapshot().attempt(ENV).events
        return experiments_of(events)[-1].conclusion

    @property
    def pulls(self) -> list[str]:
        return [pull.title for pull in self.world.forge.pulls() if pull.state == "open"]


def settings(share: int = 50) -> str:
    """The policy of these tests, with an experiment in production."""
    port = "target: { kind: local, port: 7102 }"
    text = POLICY.read_text(encoding="utf-8")
    assert port in text
    limits = f"experiment: {{ share: {share}, header: {HEADER}, {LIMITS} }}"
    return text.replace(port, f"{port}\n    {limits}")


def ready(origin: Origin, world: Machine, share: int = 50) -> None:
    """ONE has the traffic of production, and TWO is verified in staging."""
    origin.push({"delivery.yaml": settings(share)}, "Experiment")
    for release in (ONE, TWO):
        fake_bento(world.root.parent / "bentos" / release)
    origin.happened(ENV, origin.promote(ENV, ONE), "verified", ONE)
    origin.happened("staging", origin.want("staging", TWO, ONE), "verified", TWO)
    place = world.place(ENV)
    place.runtime.start(Bento(ONE, world.root.parent / "bentos" / ONE))
    place.router.set_weights({ONE: 100})
    place.runtime.retire({ONE})


def proposed_gates(patch: pytest.MonkeyPatch) -> None:
    """Those of a promotion pass any release."""

    def candidate(*seen: Any) -> Any:
        bento = SimpleNamespace(sha256=version(seen[-1]).bento_sha256)
        return SimpleNamespace(bento=bento, contract=SimpleNamespace(runtime="onnx"))

    patch.setattr(advancing, "released", candidate)
    patch.setattr(advancing, "judge", lambda *_: Judged(judgement("pass")(), Path("report.html")))
    patch.setattr(advancing, "markdown", lambda _: "report")


class Evenly:
    """Release → whether a user acts, as often as said and in even distances. How often chance
    misleads an experiment is simulated, not tried once: docs/analysis.md."""

    def __init__(self, shares: Mapping[str, float]) -> None:
        self._shares, self._due = shares, dict.fromkeys(shares, 0.0)
        self._lock = threading.Lock()

    def __call__(self, release: str) -> float:
        with self._lock:
            self._due[release] += self._shares[release]
            acts = self._due[release] >= 1
            self._due[release] -= acts
        return float(acts)


@contextmanager
def lab(origin: Origin, *, better: float = 0.5, share: int = 50) -> Iterator[Lab]:
    """Users act after half of the answers of ONE, and after a share `better` of those of TWO."""
    with pytest.MonkeyPatch.context() as patch, machine(origin, patch) as world:
        patch.setattr(outcomes, "DAY", DAY)
        patch.setattr(conduct, "LOOK", 0.5)
        patch.setattr(begin, "judge_live", judgement("pass"))
        proposed_gates(patch)
        ready(origin, world, share)
        acts = Evenly({ONE: 0.5, TWO: better})
        load = Load(world.place(ENV).router.port, USERS, 150, acts)
        with load.running():
            yield Lab(world, load, time.monotonic())
