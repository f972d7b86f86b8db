"""Rows of the holdout that may have got into training under other ids and dates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from delivery.evidence.table import SPLITS, Table, column, read_split
from delivery.gates.leaks import Twins
from delivery.gates.numbers.bootstrap import Codes, Floats, resample
from serving.contract import Contract, Roles

SEEN = ("train", "validation")
LEVEL = 0.99  # of each bound
DRAWS = 2_000
Digests = NDArray[np.uint64]
# An odd factor near the golden ratio, and the one of Knuth's generator: both mix all bits.
SPREAD, STEP = np.uint64(0x9E3779B97F4A7C15), np.uint64(6364136223846793005)


def twins(folder: Path, contract: Contract) -> Twins | None:
    """How many rows have exactly one twin; None where there are too few clusters for a bound.

    Raises:
        HeldError: a split, or a column with a role, is missing.
    """
    tables = {split: read_split(folder, split) for split in SPLITS}
    groups = {
        split: clusters(tables[split], contract.roles, folder)
        for split in ("validation", "holdout")
    }
    if any(len(np.unique(codes)) < 2 for codes in groups.values()):
        return None
    rows = dict(zip(SPLITS, _digests(tables, contract.roles), strict=True))
    _, counts = np.unique(rows["train"], return_counts=True)
    bounds = {
        split: resample(
            _single(rows["holdout"], rows[split]), groups["holdout"], seed=0, draws=DRAWS
        )
        for split in SEEN
    }
    placebo = resample(
        _single(rows["validation"], rows["train"]), groups["validation"], seed=0, draws=DRAWS
    )
    return Twins(
        distinct=float((counts == 1).sum() / max(len(rows["train"]), 1)),
        placebo=placebo.upper(LEVEL),
        holdout={split: bound.lower(LEVEL) for split, bound in bounds.items()},
    )


def backdated(
    own: tuple[Path, Contract], base: tuple[Path, Contract]
) -> Mapping[str, float] | None:
    """Split → share of the rows that the base has not, from a time that one of its splits covers.
    None without times. What a split leaves out as a gap is no such time.

    Raises:
        HeldError: a split, or a column with a role, is missing.
    """
    roles, before = own[1].roles, base[1].roles
    if roles.timestamp is None or before.timestamp is None:
        return None
    known = {split: read_split(base[0], split) for split in SPLITS}
    spans = [pc.min_max(table.column(before.timestamp)).as_py() for table in known.values()]
    ids = pa.chunked_array(
        [chunk for table in known.values() for chunk in _ids(table, before, base[0]).chunks]
    )
    shares = {}
    for split in SEEN:
        table = read_split(own[0], split)
        times = column(table, roles.timestamp, own[0] / split)
        new = pc.invert(pc.is_in(_ids(table, roles, own[0]), value_set=ids.combine_chunks()))
        shares[split] = (
            pc.mean(pc.and_(new, _within(times, spans)).cast(pa.float64())).as_py() or 0.0
        )
    return shares


def clusters(table: Table, roles: Roles, folder: Path) -> Codes:
    """The cluster of each row as a number, [rows]; each row is one where no role names any.

    Raises:
        HeldError: the column is missing.
    """
    if roles.cluster is None:
        return np.arange(len(table))
    encoded = pc.dictionary_encode(column(table, roles.cluster, folder), null_encoding="encode")
    codes: Codes = encoded.combine_chunks().indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return codes


def _within(times: Table, spans: list[dict[str, object]]) -> Table:
    inside = pa.chunked_array([pa.array(np.zeros(len(times), dtype=bool))])
    for span in spans:
        if span["min"] is not None:
            low, high = (pa.scalar(span[end], times.type) for end in ("min", "max"))
            within = pc.and_(pc.greater_equal(times, low), pc.less_equal(times, high))
            inside = pc.or_(inside, pc.fill_null(within, False))
    return inside


def _ids(table: Table, roles: Roles, folder: Path) -> Table:
    return pc.cast(column(table, roles.row_id, folder), pa.string())


def _single(rows: Digests, among: Digests) -> Floats:
    """1 where a row has exactly one twin `among` others, [rows]."""
    values, counts = np.unique(among, return_counts=True)
    single: Floats = np.isin(rows, values[counts == 1]).astype(np.float64)
    return single


def _digests(tables: Mapping[str, Table], roles: Roles) -> Iterator[Digests]:
    """The values of each row in one number, the same in all tables."""
    left_out = {roles.row_id, roles.timestamp, roles.cluster}
    together = pa.concat_tables(list(tables.values()), promote_options="permissive")
    digests = np.zeros(len(together), dtype=np.uint64)
    for name in sorted(set(together.column_names) - left_out):
        values = together.column(name)
        if not pa.types.is_nested(values.type):
            digests = digests * STEP + _numbered(values)
    ends = np.cumsum([len(table) for table in tables.values()])[:-1]
    yield from np.split(digests, ends)


def _numbered(values: Table) -> Digests:
    """Equal values get equal numbers, spread over 64 bits."""
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    codes = pc.dictionary_encode(values.combine_chunks(), null_encoding="encode").indices
    spread: Digests = (codes.to_numpy().astype(np.uint64) + np.uint64(1)) * SPREAD
    return spread ^ (spread >> np.uint64(29))
