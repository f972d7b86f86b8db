"""What came of a run: a row for each kind of fault."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from delivery.demo.traffic import Tally

HEAD = ("fault", "times", "requests", "lost", "longest gap, ms", "end state")
RIGHT, WRONG = "right", "WRONG"


@dataclass
class Row:
    """One kind of fault: how often, and what clients met meanwhile. `gap` is in seconds."""

    times: int = 0
    requests: int = 0
    lost: int = 0
    gap: float = 0.0
    end: str = RIGHT

    def add(self, tally: Tally, *, right: bool) -> None:
        self.times += 1
        self.requests += tally.requests
        self.lost += tally.failures
        self.gap = max(self.gap, tally.max_gap)
        self.end = self.end if right else WRONG

    def cells(self, fault: str) -> tuple[str, ...]:
        counts = (self.times, self.requests, self.lost, round(self.gap * 1000))
        return (fault, *(f"{count:,}" for count in counts), self.end)


@dataclass
class Table:
    """The rows, in the order in which the faults came first."""

    rows: dict[str, Row] = field(default_factory=dict)

    def row(self, fault: str) -> Row:
        return self.rows.setdefault(fault, Row())

    def __str__(self) -> str:
        """As Markdown, its columns in line."""
        body = [row.cells(fault) for fault, row in self.rows.items()]
        widths = [max(len(cells[at]) for cells in (HEAD, *body)) for at in range(len(HEAD))]
        lines = [HEAD, tuple("-" * width for width in widths), *body]
        return "\n".join(_line(cells, widths) for cells in lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"
