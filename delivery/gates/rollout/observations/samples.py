"""What the router wrote down about the requests of an attempt: the evidence of a canary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from delivery.gates.numbers.bootstrap import Floats

Flags = NDArray[np.bool_]
Whole = NDArray[np.int64]
Texts = NDArray[np.str_]


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """One entry a request, [requests] each, in the order in which the router was done with them.

    The router tells all of them, also those that a dead service never saw. `lost` is how many of
    its records are known to be missing: what is incomplete passes nothing.
    """

    at: Floats  # s since the epoch, when the router answered or gave up
    step: Whole  # index of the step in force when it was routed
    candidate: Flags  # did the candidate answer it?
    share: Floats  # the candidate's share in force when it was routed, 0 to 1
    entity: Texts  # a digest of who asks; empty where it is unknown
    cause: Texts  # empty where it succeeded, else "502", "timeout", "reset", …
    seconds: Floats  # until the answer; NaN where it is unknown
    rows: Whole  # rows that were asked about; 0 where it is unknown
    lost: int = 0

    def __post_init__(self) -> None:
        for name, kind in KINDS.items():
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=kind))
        shapes = {name: getattr(self, name).shape for name in KINDS}
        if set(shapes.values()) != {(len(self.at),)}:
            raise ValueError(f"samples need columns of one length, not {shapes}")
        if not np.isfinite(self.at).all() or (np.diff(self.at) < 0).any():
            raise ValueError("samples stand in the order of their finite times, `at`")
        if not ((self.share >= 0) & (self.share <= 1)).all():
            raise ValueError("shares are numbers from 0 to 1")

    def __len__(self) -> int:
        return len(self.at)

    def __getitem__(self, part: slice | Flags | Whole) -> Samples:
        """Some of the requests; `lost` stays, since nobody knows when the lost ones were."""
        return Samples(**{name: getattr(self, name)[part] for name in KINDS}, lost=self.lost)

    @property
    def failed(self) -> Flags:
        return np.asarray(self.cause != "")

    def of_step(self, step: int) -> Samples:
        """The requests that were routed in one step."""
        return self[self.step == step]

    def after_warm_up(self, requests: int) -> Samples:
        """Without all that happened, in both arms, until the candidate had answered so many: by
        count, since what a time leaves out would depend on the traffic."""
        return self[np.cumsum(self.candidate) > requests] if requests else self


KINDS = {
    "at": np.float64, "step": np.int64, "candidate": np.bool_, "share": np.float64,
    "entity": np.str_, "cause": np.str_, "seconds": np.float64, "rows": np.int64,
}  # fmt: skip
assert [*KINDS, "lost"] == [field.name for field in fields(Samples)]
EMPTY = Samples(*([] for _ in KINDS))  # type: ignore[arg-type]


def concatenated(parts: Sequence[Samples]) -> Samples:
    """All requests of several logs (one a router, say) in the order of time."""
    parts = parts or (EMPTY,)
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in KINDS}
    order = np.argsort(columns["at"], kind="stable")
    lost = sum(part.lost for part in parts)
    return Samples(**{name: column[order] for name, column in columns.items()}, lost=lost)
