"""What both models answered to the same rows: the evidence of a shadow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from delivery.gates.numbers.bootstrap import Floats
from delivery.gates.rollout.observations.samples import Flags, Texts
from serving.contract import Task


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """One entry a row that both were asked about, [pairs] each.

    A score is NaN where that model failed or refused; `*_failed` says so, and such a pair counts
    for errors alone. For several classes scores are [pairs, classes].
    """

    champion: Floats
    candidate: Floats
    champion_failed: Flags
    candidate_failed: Flags
    champion_seconds: Floats  # NaN where it is unknown, as in a replay
    candidate_seconds: Floats
    cluster: Texts  # rows of one cluster (a day, a caller) are not independent
    task: Task = "binary"
    threshold: float | None = None  # above it the answer is yes; None: there is none
    labels: NDArray[Any] | None = None  # NaN (or -1 for classes) where it has not come yet
    segments: Mapping[str, NDArray[Any]] = field(default_factory=dict)  # segment → value, [pairs]
    expected_flips: float = 0.0  # share of answers that changed on the holdout: that was agreed to

    def __post_init__(self) -> None:
        lengths = {name: len(column) for name, column in self._columns().items()}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"pairs need columns of one length, not {lengths}")

    def __len__(self) -> int:
        return len(self.champion)

    @property
    def scored(self) -> Flags:
        """Where both gave finite scores."""
        both = np.isfinite(self.champion) & np.isfinite(self.candidate)
        return both if both.ndim == 1 else np.asarray(both.all(axis=1))

    def _columns(self) -> dict[str, NDArray[Any]]:
        names = ("champion", "candidate", "champion_failed", "candidate_failed",
                 "champion_seconds", "candidate_seconds", "cluster")  # fmt: skip
        columns = {name: getattr(self, name) for name in names}
        return (
            columns | ({} if self.labels is None else {"labels": self.labels}) | {**self.segments}
        )
