"""The rows of a request as a model takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from serving.rows.column import Array


@dataclass(frozen=True, slots=True)
class Batch:
    """Columns for the model, one array for each input of the contract: [rows, *shape], or [rows, 1]
    for a scalar that the graph takes so. `ignored` counts the values of unknown fields.

    Where the scalar columns are slices of `blocks`, these are arrays [inputs, rows], one for each
    block of serving.rows.layout; the columns are in their order then.
    """

    columns: Mapping[str, Array]
    rows: int
    ignored: int
    blocks: tuple[Array, ...] | None = None
