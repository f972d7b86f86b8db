"""Whether a candidate's data agrees with the data its champion was made from.

A candidate may not choose what it is evaluated on: rows that both know must be equal, and no row
of the base's may have gone from the holdout.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from delivery.bento.digest import file_sha256
from delivery.evidence.evaluation import Evaluation
from delivery.evidence.table import SPLITS, Table, read_split
from serving.contract import Roles


def conflicts(evaluation: Evaluation, roles: Roles) -> tuple[str, ...]:
    """Every way in which the candidate's data contradicts the base's, one line each."""
    if evaluation.base_data is None or _same_bytes(evaluation):
        return ()
    own = {split: read_split(evaluation.data, split) for split in SPLITS}
    base = {split: read_split(evaluation.base_data, split) for split in SPLITS}
    everything, before = _together(own), _together(base)
    for name, table in (("the candidate's data", everything), ("the base's data", before)):
        if roles.row_id not in table.column_names:
            return (f"{name} has no column {roles.row_id!r} to tell rows apart by",)
        if pc.count_distinct(table.column(roles.row_id)).as_py() != len(table):
            return (f"{name} has several rows with the same {roles.row_id}",)
    return (
        *_unequal(everything, before, roles.row_id),
        *_gone(own, base, before, roles),
        *_seen(own["holdout"], base, roles),
    )


def _same_bytes(evaluation: Evaluation) -> bool:
    if evaluation.base_data is None:
        return False
    files = [
        (evaluation.data / f"{split}.parquet", evaluation.base_data / f"{split}.parquet")
        for split in SPLITS
    ]
    return all(
        one.is_file() and other.is_file() and file_sha256(one) == file_sha256(other)
        for one, other in files
    )


def _together(tables: dict[str, Table]) -> Table:
    return pa.concat_tables(list(tables.values()), promote_options="permissive")


def _ids(table: Table, roles_row_id: str) -> Table:
    return pc.cast(table.column(roles_row_id), pa.string())


def _unequal(own: Table, base: Table, row_id: str) -> Iterator[str]:
    """Rows that both know, with another value in a column that both have."""
    places = pc.index_in(_ids(own, row_id), value_set=_ids(base, row_id).combine_chunks())
    where = pc.is_valid(places)
    shared, before = own.filter(where), base.take(places.drop_null())
    for name in own.column_names:
        if name == row_id or name not in base.column_names:
            continue
        differs = _differs(shared.column(name), before.column(name))
        count = int(differs.sum())
        if count:
            first = int(differs.argmax())
            is_now, was = shared.column(name)[first].as_py(), before.column(name)[first].as_py()
            row = shared.column(row_id)[first].as_py()
            yield (
                f"column {name} of {count} rows that both data sets know differs: "
                f"in row {row} it was {was!r} and is {is_now!r}"
            )


def _differs(one: Table, other: Table) -> np.ndarray[Any, np.dtype[np.bool_]]:
    one, other = _plain(one), _plain(other)
    if pa.types.is_nested(one.type) or pa.types.is_nested(other.type):
        pairs = zip(one.to_pylist(), other.to_pylist(), strict=True)
        return np.array([left != right for left, right in pairs], dtype=bool)
    if one.type != other.type:
        one, other = _comparable(one, other)
    same = pc.or_(
        pc.fill_null(pc.equal(one, other), False), pc.and_(pc.is_null(one), pc.is_null(other))
    )
    return ~np.asarray(same.to_numpy(zero_copy_only=False), dtype=bool)


def _comparable(one: Table, other: Table) -> tuple[Table, Table]:
    """Numbers as float64 (an integer column with a gap becomes float), all else as text."""
    numeric = all(
        pa.types.is_integer(values.type) or pa.types.is_floating(values.type)
        for values in (one, other)
    )
    kind = pa.float64() if numeric else pa.string()
    return pc.cast(one, kind, safe=False), pc.cast(other, kind, safe=False)


def _plain(values: Table) -> Table:
    """Without dictionary encoding, NaN as null."""
    values = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if pa.types.is_floating(values.type):
        values = pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
    return values


def _gone(
    own: dict[str, Table], base: dict[str, Table], before: Table, roles: Roles
) -> Iterator[str]:
    """Rows of the base's that should stand in the holdout and do not."""
    holdout = own["holdout"]
    times = roles.timestamp
    if times and times in holdout.column_names and times in before.column_names:
        span = pc.min_max(holdout.column(times)).as_py()
        moments = before.column(times)
        expected = before.filter(
            pc.and_(pc.greater_equal(moments, span["min"]), pc.less_equal(moments, span["max"]))
        )
        what = "of its period"
    else:
        expected, what = base["holdout"], "of the base's holdout"
        holdout = _together(own)
    known = pc.is_in(
        _ids(expected, roles.row_id), value_set=_ids(holdout, roles.row_id).combine_chunks()
    )
    gone = expected.filter(pc.invert(known))
    if len(gone):
        first = gone.column(roles.row_id)[0].as_py()
        yield f"{len(gone)} rows {what} are missing from the holdout, row {first} for one"


def _seen(holdout: Table, base: dict[str, Table], roles: Roles) -> Iterator[str]:
    """Without timestamps, row ids alone tell whether the champion was trained on the holdout."""
    if roles.timestamp and roles.timestamp in holdout.column_names:
        return
    trained = pa.concat_arrays(
        [_ids(base[split], roles.row_id).combine_chunks() for split in ("train", "validation")]
    )
    count = pc.sum(pc.is_in(_ids(holdout, roles.row_id), value_set=trained)).as_py() or 0
    if count:
        yield f"the champion was trained on {count} rows of the holdout"
