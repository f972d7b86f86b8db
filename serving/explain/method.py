"""What a method of explanation gives, whatever the method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from serving.rows.column import Array

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sums:
    """`raw` is [rows, outputs], `base` [outputs], `parts` [rows, inputs, outputs]."""

    raw: Doubles
    base: Doubles
    parts: Doubles


class Method(Protocol):
    """A way to find contributions. `rows` is how many are explained at once at most, so that
    others are answered in between."""

    rows: int

    def __call__(self, columns: Mapping[str, Array]) -> Sums: ...
