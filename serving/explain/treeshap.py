"""TreeSHAP for the leaves of trees: exact, path-dependent, and without a loop over them.

A leaf with the value v and the players 1…d adds v · ∏ oᵢ to the raw sum, where oᵢ is 1 if the
row satisfies the player's conditions and 0 if not; of an input that is not known only the share
zᵢ of training's rows that went that way is. The Shapley value of player i in this game is

    v · (oᵢ − zᵢ) · ∫₀¹ ∏ⱼ≠ᵢ (t·oⱼ + (1 − t)·zⱼ) dt

and the integrand is a polynomial of degree d − 1, so that ⌈d/2⌉ points of Gauss and Legendre
give the integral exactly. There are only 2^d ways to satisfy d players: for leaves with few of
them all are computed at the start and looked up later.

Lundberg et al., Consistent Individualized Feature Attribution for Tree Ensembles (2018); the
integral: Owen, Multilinear Extensions of Games (1972).
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from serving.explain.method import Doubles, Sums
from serving.rows.column import Array
from serving.strict import DocumentError

TABLES = 1_000_000  # numbers in all tables: 8 MB
ELEMENTS = 100_000  # players that are looked at at once, over all rows: what a cache holds
LEAST = 1e-12  # a share of 0 would divide by it
Encode = Callable[[Mapping[str, Array]], Array]
NAMES = (
    "leaf_players", "leaf_values", "player_input", "player_share", "player_conditions", "column",
    "low", "high", "missing", "base",
)  # fmt: skip


def shapley(satisfied: NDArray[np.bool_], share: Doubles) -> Doubles:
    """The Shapley values of [..., d] players in games of value 1."""
    points, weights = np.polynomial.legendre.leggauss((share.shape[-1] + 1) // 2)
    t = (points + 1) / 2
    known = satisfied.astype(np.float64)[..., None]
    factors = t * known + (1 - t) * share[..., None]  # [..., d, points]
    others = factors.prod(axis=-2, keepdims=True) / factors
    result: Doubles = (known[..., 0] - share) * (others @ (weights / 2))
    return result


@dataclass(frozen=True)
class Paths:
    """What `pipeline.graph.tree_paths` writes; `inputs` is how many inputs the model has."""

    arrays: Mapping[str, Array]
    inputs: int

    def __getitem__(self, name: str) -> Array:
        return self.arrays[name]


def read_paths(file: Path, inputs: int) -> Paths:
    """The paths in `file`; DocumentError if it is none of ours."""
    try:
        with np.load(file, allow_pickle=False) as archive:
            return Paths({name: archive[name] for name in NAMES}, inputs)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DocumentError(f"{file.name}: not the paths of trees: {error}") from error


class _Group:
    """The leaves with `size` players each; theirs are `players` of all. `room` is how many
    numbers a table of all their ways may have."""

    def __init__(self, players: slice, shares: Doubles, values: Doubles, room: int) -> None:
        self.players = players
        self.size = shares.shape[1]
        self.values = values
        self._shares = shares
        self._table: Doubles | None = None
        if shares.size << self.size <= room:
            ways = np.arange(1 << self.size)[:, None] >> np.arange(self.size) & 1
            table = shapley(ways.astype(np.bool_)[None], shares[:, None])
            self._table = table.reshape(-1, self.size)
            self._bits = 1.0 * (1 << np.arange(self.size))
            self._first = np.arange(len(shares)) << self.size

    @property
    def room(self) -> int:
        return 0 if self._table is None else self._table.size

    @property
    def expected(self) -> Doubles:
        """What the leaves add to the raw sum of a row of which nothing is known."""
        result: Doubles = self._shares.prod(axis=1) @ self.values
        return result

    def __call__(self, satisfied: Array) -> tuple[Doubles, Array]:
        """[rows, leaves, size] → the Shapley values of the same, and which leaves are reached."""
        if self._table is None:
            every: Array = np.logical_and.reduce(satisfied, axis=2)
            return shapley(satisfied, self._shares), every
        way = (satisfied @ self._bits).astype(np.int64)
        reached: Array = np.equal(way, (1 << self.size) - 1)
        return self._table.take(way + self._first, axis=0), reached


class TreeShap:
    """A method of explanation. `encode` makes the matrix that the trees split."""

    def __init__(self, encode: Encode, paths: Paths) -> None:
        self._encode = encode
        self._column = paths["column"]
        self._low, self._high, self._missing = paths["low"], paths["high"], paths["missing"]
        counts = paths["player_conditions"].astype(np.int64)
        self._starts = np.cumsum(counts) - counts if bool((counts > 1).any()) else None
        sizes, inputs = paths["leaf_players"].astype(np.int64), paths["player_input"]
        self._order = np.argsort(inputs, kind="stable")  # players, input by input
        values = np.repeat(paths["leaf_values"], sizes, axis=0)
        self._values = np.ascontiguousarray(values[self._order])
        ends = np.searchsorted(inputs[self._order], np.arange(paths.inputs + 1)).tolist()
        self._parts = [slice(*ends[i : i + 2]) for i in range(paths.inputs)]
        self._groups = list(_groups(paths))
        self._fixed: Doubles = paths["base"] + paths["leaf_values"][sizes == 0].sum(axis=0)
        self._base: Doubles = sum((group.expected for group in self._groups), self._fixed)
        self.rows = max(1, ELEMENTS // max(1, len(inputs)))

    def __call__(self, columns: Mapping[str, Array]) -> Sums:
        satisfied = self._satisfied(self._encode(columns))
        rows = len(satisfied)
        contributions = np.empty((rows, len(self._order)))
        raw = np.tile(self._fixed, (rows, 1))
        for group in self._groups:
            some = satisfied[:, group.players].reshape(rows, -1, group.size)
            values, reached = group(some)
            contributions[:, group.players] = values.reshape(rows, -1)
            raw += reached @ group.values
        ordered = contributions.take(self._order, axis=1)
        parts = np.stack([ordered[:, p] @ self._values[p] for p in self._parts], axis=1)
        return Sums(raw, self._base, parts)

    def _satisfied(self, matrix: Array) -> Array:
        """Which players of all leaves a row satisfies: [rows, players]."""
        values = matrix.take(self._column, axis=1)
        holds: Array = (values > self._low) & (values <= self._high)
        if np.isnan(matrix).any():
            holds |= np.isnan(values) & self._missing
        if self._starts is not None:
            holds = np.logical_and.reduceat(holds, self._starts, axis=1)
        return holds


def _groups(paths: Paths) -> Iterator[_Group]:
    """Leaves come by their number of players. Those without any are reached by every row."""
    sizes, shares = paths["leaf_players"], np.maximum(paths["player_share"], LEAST)
    room, at = TABLES, 0
    for size in np.unique(sizes[sizes > 0]).tolist():
        leaves = slice(*np.searchsorted(sizes, (size, size + 1)))
        players = slice(at, at + size * (leaves.stop - leaves.start))
        own = shares[players].reshape(-1, size)
        group = _Group(players, own, paths["leaf_values"][leaves], room)
        room, at = room - group.room, players.stop
        yield group
