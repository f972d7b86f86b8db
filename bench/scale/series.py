"""What is put on the axes, and how large it becomes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from rich.progress import track

from bench.scale.cost import Cost, delivery
from bench.scale.history import Size, write
from bench.scale.page import Series
from bench.scale.training import train

COMMANDS: Mapping[str, tuple[str, ...]] = {
    "`delivery status`": ("status",),
    "`delivery history`": ("history", "env-0"),
}
ROWS, FEATURES, ENVIRONMENTS = 10_000, 10, 2  # where something else is on the axis
RELEASES = 20


@dataclass(frozen=True, slots=True)
class Axes:
    """The sizes of each series, the smallest first."""

    rows: Sequence[int]
    features: Sequence[int]
    releases: Sequence[int]
    environments: Sequence[int]


FULL = Axes((1_000, 100_000, 1_000_000, 5_000_000), (5, 50, 500), (1, 100, 500, 1_000), (1, 5, 20))
QUICK = Axes((1_000, 10_000, 50_000), (5, 25, 50), (1, 20, 40), (1, 2, 4))


def measure(axes: Axes) -> list[Series]:
    """Every series, in folders that are gone afterwards."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with patch.dict(os.environ, {"XDG_DATA_HOME": str(folder / "home")}):
            return list(_series(axes, folder))


def _series(axes: Axes, folder: Path) -> Iterator[Series]:
    kept = f"{ENVIRONMENTS} environments, {5 * ENVIRONMENTS} events a release"
    sizes = [Size(releases, ENVIRONMENTS) for releases in axes.releases]
    yield _commands(f"Releases ({kept})", "releases", axes.releases, sizes, folder / "releases")
    sizes = [Size(RELEASES, environments) for environments in axes.environments]
    title = f"Environments ({RELEASES} releases)"
    yield _commands(title, "environments", axes.environments, sizes, folder / "environments")
    shapes = [(rows, FEATURES) for rows in axes.rows]
    yield _stages(f"Rows ({FEATURES} features)", "rows", axes.rows, shapes, folder / "rows")
    shapes = [(ROWS, features) for features in axes.features]
    title = f"Features ({ROWS:,} rows)"
    yield _stages(title, "features", axes.features, shapes, folder / "features")


def _commands(
    title: str, axis: str, values: Sequence[int], sizes: Sequence[Size], folder: Path
) -> Series:
    costs: dict[str, list[Cost]] = {name: [] for name in COMMANDS}
    for size in track(sizes, axis):
        place = folder / f"{size.releases}-{size.environments}"
        place.mkdir(parents=True)
        checkout = write(size, place)
        for name, arguments in COMMANDS.items():
            costs[name].append(delivery(checkout, *arguments))
    return Series(title, axis, values, costs)


def _stages(
    title: str, axis: str, values: Sequence[int], shapes: Sequence[tuple[int, int]], folder: Path
) -> Series:
    found = [train(*shape, folder / f"{shape[0]}-{shape[1]}") for shape in track(shapes, axis)]
    return Series(
        title, axis, values, {stage: [each[stage] for each in found] for stage in found[0]}
    )
