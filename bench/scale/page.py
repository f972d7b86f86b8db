"""docs/scale.md: tables of what was measured, with the slope of each."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench.page import table
from bench.scale.cost import Cost, slope

HEAD = Path(__file__).with_suffix(".md")
NAMES = ((0.2, "constant"), (0.8, "less than linear"), (1.2, "linear"), (9.0, "MORE than linear"))


@dataclass(frozen=True, slots=True)
class Series:
    """What grows, and the costs at each of its values, by what was run."""

    title: str
    axis: str
    sizes: Sequence[int]
    costs: Mapping[str, Sequence[Cost]] = field(default_factory=dict)


def render(series: Sequence[Series]) -> str:
    """The page as Markdown."""
    machine = (
        f"Measured on {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores of "
        f"{platform.machine()}, Python {platform.python_version()}, "
        f"load average {os.getloadavg()[0]:.1f}."
    )
    head = HEAD.read_text(encoding="utf-8").format(machine=machine)
    return head + section(series) + "\n"


def section(series: Sequence[Series]) -> str:
    """A table of processor time and one of memory, for each series."""
    return "\n\n".join(part for each in series for part in _parts(each))


def _parts(series: Series) -> list[str]:
    sizes = [f"{size:,}" for size in series.sizes]
    seconds = [
        [name, *(f"{cost.seconds:.2f}" for cost in costs), name_of(_slope(series.sizes, costs))]
        for name, costs in series.costs.items()
    ]
    memory = [
        [name, *(f"{cost.memory:,.0f}" for cost in costs)] for name, costs in series.costs.items()
    ]
    return [
        f"## {series.title}",
        f"Seconds of processor time by {series.axis}:",
        table(["", *sizes, "grows"], seconds),
        f"Memory of the largest process, MB, by {series.axis}:",
        table(["", *sizes], memory),
    ]


def _slope(sizes: Sequence[int], costs: Sequence[Cost]) -> float:
    return slope(sizes, [cost.seconds for cost in costs])


def name_of(exponent: float) -> str:
    """An exponent in words."""
    word = next(name for most, name in NAMES if exponent <= most)
    return word if word == "constant" else f"{word}, ^{exponent:.2f}"
