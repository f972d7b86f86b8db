"""From trees to what their explanation needs: the conditions on the way to each leaf.

A player of a leaf is an input on which its path depends: a row satisfies it if all splits on
columns of that input lead towards the leaf, and its share is how many of the rows that reach
those splits go that way (the product of the ratios of covers, which is what path-dependent
TreeSHAP walks along for an input that is not known). Covers are counted on the training rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from pipeline.graph.forest import Forest, UnfitError

MOST = 500_000  # players of all leaves; more would cost a service too much memory


@dataclass
class _Player:
    """`columns`: matrix column → (low, high, missing): what leads to the leaf is in (low, high],
    or missing and `missing`."""

    share: float = 1.0
    columns: dict[int, tuple[float, float, bool]] = field(default_factory=dict)

    def narrow(self, column: int, low: float, high: float, missing: bool) -> None:
        before = self.columns.get(column, (-np.inf, np.inf, True))
        both = max(before[0], low), min(before[1], high), before[2] and missing
        self.columns[column] = both


Path = Mapping[int, _Player]


def arrays(forest: Forest, owners: np.ndarray, matrix: np.ndarray) -> dict[str, np.ndarray]:
    """The leaves of `forest` as arrays, those with the fewest players first.

    `owners` is the input of each column; `matrix` are the training rows, [rows, columns].

    leaf_players [leaves]        how many players a leaf has
    leaf_values  [leaves, outputs]
    player_input, player_share, player_conditions [players of all leaves, in order]
    column, low, high, missing   [conditions of all players, in order]
    base         [outputs]       what is added whatever the row

    Raises:
        UnfitError: there are too many.
    """
    leaves = sorted(_leaves(forest, owners, matrix), key=lambda leaf: len(leaf[0]))
    players = [(index, player) for path, _ in leaves for index, player in sorted(path.items())]
    if len(players) > MOST:
        raise UnfitError(f"its trees have {len(players):,} conditions, more than {MOST:,}")
    conditions = [
        (c, *limits) for _, player in players for c, limits in sorted(player.columns.items())
    ]
    column, low, high, missing = zip(*conditions, strict=True) if conditions else ((),) * 4
    return {
        "leaf_players": np.array([len(path) for path, _ in leaves], np.int32),
        "leaf_values": np.array([value for _, value in leaves], np.float64),
        "player_input": np.array([index for index, _ in players], np.int32),
        "player_share": np.array([player.share for _, player in players], np.float64),
        "player_conditions": np.array([len(player.columns) for _, player in players], np.int32),
        "column": np.array(column, np.int32),
        "low": np.array(low, np.float32),
        "high": np.array(high, np.float32),
        "missing": np.array(missing, np.bool_),
        "base": forest.base,
    }


def _leaves(
    forest: Forest, owners: np.ndarray, matrix: np.ndarray
) -> Iterator[tuple[Path, np.ndarray]]:
    """Each leaf's players by input, and what it adds."""
    for root in forest.roots:
        waiting: list[tuple[int, Path, np.ndarray]] = [(int(root), {}, np.arange(len(matrix)))]
        while waiting:
            node, path, rows = waiting.pop()
            if forest.yes[node] < 0:
                yield path, forest.values[node]
                continue
            column, limit = int(forest.column[node]), float(forest.limit[node])
            missing = bool(forest.missing[node])
            values = matrix[rows, column]
            leads = values <= forest.limit[node]
            if missing:
                leads |= np.isnan(values)
            # Where no row has come by, both ways are as likely.
            share = float(leads.mean()) if len(rows) else 0.5
            owner = int(owners[column])
            sides = (
                (forest.yes[node], share, (-np.inf, limit, missing), rows[leads]),
                (forest.no[node], 1 - share, (limit, np.inf, not missing), rows[~leads]),
            )
            for child, part, limits, remaining in sides:
                waiting.append((int(child), _longer(path, owner, column, part, limits), remaining))


def _longer(
    path: Path, owner: int, column: int, share: float, limits: tuple[float, float, bool]
) -> Path:
    known = path.get(owner, _Player())
    player = _Player(known.share * share, dict(known.columns))
    player.narrow(column, *limits)
    return {**path, owner: player}
