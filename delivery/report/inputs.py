"""What a report says of each input: how far it moved, and how much both models lean on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SHOWN = 20  # inputs, those that the candidate leans on most first
MUCH = 0.2  # a population stability index from which an input has moved much


@dataclass(frozen=True, slots=True)
class InputLine:
    """One input. The rises of the mean loss where it is shuffled, and how far its training data
    moved since the champion's (PSI); None where that was not measured. The widths are shares of
    the largest rise, for a bar."""

    name: str
    candidate: float | None
    reference: float | None
    psi: float | None
    widths: tuple[float, float]

    @property
    def moved(self) -> bool:
        return self.psi is not None and self.psi > MUCH


def input_lines(evidence: Mapping[str, Any]) -> list[InputLine]:
    """The inputs of the evidence; empty where nothing was measured."""
    rises = (evidence.get("importance") or {}).get("inputs", ())
    moved = {
        entry["input"]: entry["psi"]
        for entry in (evidence.get("data_drift") or {}).get("inputs", ())
    }
    known = {entry["input"]: (entry["candidate"], entry["reference"]) for entry in rises}
    names = list(known) or list(moved)
    largest = max((value for pair in known.values() for value in pair if value), default=0.0)
    lines = []
    for name in names[:SHOWN]:
        pair = known.get(name, (None, None))
        shares = [max(0.0, value or 0.0) / largest if largest > 0 else 0.0 for value in pair]
        lines.append(InputLine(name, *pair, moved.get(name), (shares[0], shares[1])))
    return lines
