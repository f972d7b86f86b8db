"""Slices of the holdout by segment: refused only on proven harm, as one family (Holm)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from delivery.gates.numbers.bootstrap import holm, resample
from delivery.gates.numbers.paired import LEVEL, SEED, PairedLosses

DRAWS = 2_000
SHOWN = 12  # slices of one segment that a report shows; all large enough ones are judged
MINIMUM_CLUSTERS = 5  # fewer say too little about the error for proof


@dataclass(frozen=True)
class Slice:
    """The rows of one value of one segment. Bounds are one-sided at 95%, uncorrected.

    `p` is Holm's adjusted p-value of "not worse than `margin`"; None if too small to judge.
    """

    segment: str
    value: str
    rows: int
    candidate: float
    reference: float
    difference: float
    lower: float | None
    upper: float | None
    margin: float
    p: float | None

    @property
    def harmed(self) -> bool:
        return self.p is not None and self.p <= 1 - LEVEL

    def describe(self) -> str:
        relative = self.difference / self.reference if self.reference > 0 else float("inf")
        return (
            f"{self.segment} = {self.value} ({relative:+.1%}, {self.rows:,} rows, p {self.p:.2g})"
        )

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__} | {
            "harmed": self.harmed
        }


@dataclass(frozen=True)
class _Measured:
    """A slice before the correction for how many were looked at."""

    part: Slice
    p: float | None


def slices(
    losses: PairedLosses,
    segments: Mapping[str, NDArray[Any]],
    minimum_rows: int,
    margin: float,
) -> tuple[Slice, ...]:
    """Every slice with `minimum_rows`, and small ones for show, by segment and size.

    Args:
        segments: segment → the value of each row, [rows].
        margin: the harm that is let pass, as a share of the reference's loss in the slice.
    """
    measured: list[_Measured] = []
    for segment, values in segments.items():
        names, codes, counts = np.unique(
            np.asarray(values).astype(str), return_inverse=True, return_counts=True
        )
        largest = np.argsort(-counts, kind="stable")
        for place, index in enumerate(largest):
            if counts[index] >= minimum_rows or place < SHOWN:
                where = codes == index
                name = (segment, str(names[index]))
                measured.append(_measure(losses, where, name, minimum_rows, margin))
    judged = [part for part in measured if part.p is not None]
    adjusted = iter(holm([part.p for part in judged if part.p is not None]))
    return tuple(
        part.part if part.p is None else _with_p(part.part, next(adjusted)) for part in measured
    )


def _measure(
    losses: PairedLosses,
    where: NDArray[np.bool_],
    name: tuple[str, str],
    minimum_rows: int,
    margin: float,
) -> _Measured:
    difference = losses.candidate[where] - losses.reference[where]
    reference = float(losses.reference[where].mean())
    clusters = losses.clusters[where]
    enough = len(np.unique(clusters)) >= MINIMUM_CLUSTERS
    result = resample(difference, clusters, seed=SEED, draws=DRAWS) if enough else None
    part = Slice(
        segment=name[0],
        value=name[1],
        rows=len(difference),
        candidate=float(losses.candidate[where].mean()),
        reference=reference,
        difference=float(difference.mean()),
        lower=result.lower(LEVEL) if result else None,
        upper=result.upper(LEVEL) if result else None,
        margin=margin * reference,
        p=None,
    )
    judged = result is not None and len(difference) >= minimum_rows
    return _Measured(part, result.p_above(part.margin) if result and judged else None)


def _with_p(part: Slice, p: float) -> Slice:
    values = {name: getattr(part, name) for name in part.__dataclass_fields__}
    return Slice(**(values | {"p": p}))
