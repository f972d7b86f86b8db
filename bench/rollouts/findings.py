"""What the simulation of rollouts finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.gates.findings import wilson

SHARES = (0.05, 0.5)
USERS = (20_000, 2_000, 500, 100, 30)
ANSWERS = (2_000, 5_000, 10_000, 20_000)  # of both arms
SLOWER = (1.0, 1.1, 1.2, 1.3, 1.5, 2.0)
LOOKS = 100
LIFTS = (0.0, 0.02, 0.05, 0.10)
RATES = (1, 10, 100)  # requests a second


@dataclass(frozen=True)
class Share:
    """How often something happened."""

    hits: int
    runs: int

    @property
    def value(self) -> float:
        return self.hits / self.runs

    def interval(self) -> tuple[float, float]:
        """Wilson's 95% interval."""
        return wilson(self.value, self.runs)

    def __str__(self) -> str:
        low, high = self.interval()
        return f"{self.value:.1%} ({low:.1%} to {high:.1%})"


@dataclass(frozen=True)
class Ended:
    """Whole rollouts of one kind. `requests` and `exposed` are medians: all requests until the end,
    and those that the candidate answered."""

    name: str
    passed: Share
    stopped: Share
    requests: float
    exposed: float


@dataclass(frozen=True)
class Operating:
    """Everything that was simulated.

    `stops`: kind of healthy traffic → a share for each of SHARES. `exposure`: error rate → what the
    candidate had answered when it was stopped, sorted. `users`: kind → a share for each of USERS.
    `slower`: share of the traffic → for each of SLOWER a share for each of ANSWERS. `looks`: the
    share of experiments decided falsely by each look, by a fixed interval and by the sequence.
    `lifts`: for each of LIFTS the share of experiments won. `split`: what → share held.
    """

    runs: int
    rollouts: Sequence[Ended]
    stops: Mapping[str, Sequence[Share]]
    exposure: Mapping[float, Sequence[float]]
    users: Mapping[str, Sequence[Share]]
    slower: Mapping[float, Sequence[Sequence[Share]]]
    looks: Mapping[str, Sequence[float]]
    lifts: Sequence[Share]
    split: Mapping[str, Share]
