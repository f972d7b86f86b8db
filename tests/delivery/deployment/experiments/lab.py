"""An experiment in memory: ONE is live in production, TWO is verified in staging, and the events
that tell what users did are a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from delivery.deployment.experiments import begin
from delivery.deployment.experiments.begin import begin as began
from delivery.events.experiments import Experiment
from delivery.gates.rollout.observations import outcomes
from delivery.gates.rollout.observations.samples import Samples
from delivery.targets.split import entity_of
from tests.delivery.deployment.production import ENV, ONE, TWO, bring_up
from tests.delivery.place import Place, World, judgement
from tests.origin import Origin
from tests.rollouts.experiments import proposed_gates

LIMITS = "planned: 1000, burn_in: 50, smallest: 0.3, after_s: 0.001, outcome: told.jsonl"
SHORT = 1e-6  # s: a day, so that all days are over at once
LONG = 86_400.0


@dataclass
class Lab:
    """`world`, where an experiment may begin."""

    origin: Origin
    world: World
    patch: pytest.MonkeyPatch

    @property
    def place(self) -> Place:
        return self.world.places[ENV]

    @property
    def kinds(self) -> list[str]:
        return [event.kind for event in self.world.snapshot().attempt(ENV).events]

    def begin(self, *, day: float = SHORT) -> Experiment:
        self.patch.setattr(outcomes, "DAY", day)
        return began(self.world, ENV, TWO)

    def serve(
        self, now: Experiment, acts: Sequence[float], users: int = 400, share: float = 0.5
    ) -> None:
        """So many users came, `share` of them to the challenger; how often those of each acted."""
        chance = np.random.default_rng(7)
        moment = max(now.begun, datetime.now(UTC).timestamp() - 1)
        arm = np.arange(users) % 100 >= 100 * (1 - share)
        names = [f"user-{number}" for number in range(users)]
        at = moment + np.arange(users) * 1e-6
        made = Samples(
            at=at, step=np.ones(users), candidate=arm, share=np.full(users, 0.5),
            entity=[entity_of(now.salt, name) for name in names], cause=[""] * users,
            seconds=np.full(users, 0.01), rows=np.ones(users),
        )  # fmt: skip
        self.place.recorded = lambda: made
        lines = [
            {"who": name, "time": datetime.fromtimestamp(when, UTC).isoformat(),
             "value": float(chance.random() < acts[int(own)])}
            for name, when, own in zip(names, at + 5e-4, arm, strict=True)
        ]  # fmt: skip
        text = "\n".join(map(json.dumps, lines))
        Path(self.world.root / "told.jsonl").write_text(text, encoding="utf-8")


def lab(origin: Origin, world: World, patch: pytest.MonkeyPatch) -> Lab:
    """The active gates and those of a promotion pass."""
    bring_up(origin, world, ONE)
    origin.git("fetch", "--quiet", "origin")
    origin.git("reset", "--quiet", "--hard", "origin/main")
    port = "target: { kind: local, port: 7102 }"
    text = (origin.path / "delivery.yaml").read_text(encoding="utf-8")
    assert port in text
    settings = text.replace(port, f"{port}\n    experiment: {{ {LIMITS} }}")
    origin.push({"delivery.yaml": settings}, "Experiment")
    origin.happened("staging", origin.want("staging", TWO, ONE), "verified", TWO)
    patch.setattr(begin, "judge_live", judgement("pass"))
    proposed_gates(patch)
    (origin.path / "told.jsonl").touch()
    return Lab(origin, world, patch)
