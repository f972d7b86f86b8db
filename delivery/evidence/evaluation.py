"""What a candidate is evaluated on, and what it has to prove there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Evaluation:
    """What a candidate is evaluated on.

    `data` and `base_data` are folders with train, validation and holdout.parquet: the
    candidate's, and those that the champion was made from (None for a first release). `retrain`
    says that nothing but data changed; `reason` is a person's, for a change that need not be
    better than the champion.
    """

    data: Path
    base_data: Path | None = None
    retrain: bool = True
    reason: str | None = None
