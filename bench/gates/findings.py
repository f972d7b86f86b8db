"""What the simulation of the gates finds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

REQUESTS = (300, 375, 1_000, 2_000, 4_000)  # of a load run
ROWS = (100, 200, 500, 1_000, 5_000, 30_000)  # on each side of a PSI


def wilson(share: float, runs: int) -> tuple[float, float]:
    """Wilson's 95% interval of a share that was seen in so many runs."""
    n, p, z = runs, share, 1.96
    middle, spread = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


@dataclass(frozen=True)
class Arm:
    """A kind of candidate: worse by `lost` points of AUC, or broken for one value of a segment."""

    name: str
    days: int
    lost: float = 0.0
    broken: tuple[str, str] | None = None
    rows: int = 0  # of the broken slice


@dataclass(frozen=True)
class Found:
    """How often a kind of candidate passed, failed and was held."""

    arm: Arm
    passed: int
    failed: int
    held: int

    @property
    def runs(self) -> int:
        return self.passed + self.failed + self.held

    @property
    def refused(self) -> float:
        """The share that did not pass."""
        return (self.failed + self.held) / self.runs

    def interval(self) -> tuple[float, float]:
        """Wilson's 95% interval of the share that was refused."""
        return wilson(self.refused, self.runs)


@dataclass(frozen=True)
class Operating:
    """Everything that was simulated. `load` and `drift`: what → a share for each sample size."""

    rows: int
    days: int
    aucs: Sequence[float]
    champion: Sequence[Found]
    load: Mapping[str, Mapping[str, Sequence[float]]]
    drift: Mapping[str, Sequence[float]]
