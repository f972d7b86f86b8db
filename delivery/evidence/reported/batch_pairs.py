"""What two releases made of the same files, row by row: the evidence of a shadow for batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from delivery.bento.batch import whole
from delivery.errors import InputError
from delivery.gates.rollout.observations.pairs import Pairs
from serving.batch.documents import Manifest, Unit
from serving.batch.writing.output import Output
from serving.contract import Contract

MOST = 100_000  # pairs: each n-th row of larger inputs
SEED = 0  # of the order: the gate looks at the first of them
NAMES = ("champion", "candidate", "champion_failed", "candidate_failed", "cluster")
Rows = NDArray[Any]


@dataclass(frozen=True, slots=True)
class _Side:
    """What one release made of a unit: rows that it scored, their scores, and their clusters."""

    rows: Rows
    score: Rows
    cluster: Rows


def batch_pairs(champion: str, candidate: str, contract: Contract, own: Contract) -> Pairs:
    """Pair the rows of two outputs that were scored from the same input, in an order drawn by lot;
    `own` is the candidate's contract. A row that one of them refused failed there. Rows are
    clustered by the champion's column, where that went along, and by file where it did not.

    Raises:
        InputError: an output is not there, or they are of different inputs.
    """
    one, other = Output(whole(champion)), Output(whole(candidate))
    ours, theirs = _manifest(one), _manifest(other)
    if ours.sources != theirs.sources or ours.job.unit_rows != theirs.job.unit_rows:
        raise InputError(
            f"{candidate} was not scored from the state of {ours.address} that {champion} was. "
            "Name another OUTPUT and run it again: both are scored anew."
        )
    step = max(1, -(-ours.totals.rows // MOST))
    parts = [
        _paired(_side(one, unit, contract, step), _side(other, twin, contract, step))
        for unit, twin in _twins(ours, theirs)
    ]
    columns: dict[str, Any] = {
        name: np.concatenate([part[name] for part in parts]) if parts else np.empty(0)
        for name in NAMES
    }
    order = np.random.default_rng(SEED).permutation(len(columns["cluster"]))
    columns = {name: column[order] for name, column in columns.items()}
    unknown = np.full(len(order), np.nan)
    binary = contract.task == "binary"
    return Pairs(
        **columns,
        champion_seconds=unknown,
        candidate_seconds=unknown,
        task=contract.task,
        threshold=_threshold(contract) if binary else None,
        own_threshold=_threshold(own) if binary else None,
    )


def _threshold(contract: Contract) -> float:
    """As results are decided."""
    return 0.5 if contract.threshold is None else contract.threshold


def _manifest(output: Output) -> Manifest:
    manifest = output.manifest()
    if manifest is None:
        raise InputError(f"{output.url} has no manifest.json, so nothing is published there")
    return manifest


def _twins(ours: Manifest, theirs: Manifest) -> Iterator[tuple[Unit, Unit]]:
    """The units of the same rows."""
    others = {(unit.path, unit.start): unit for unit in theirs.units}
    for unit in ours.units:
        yield unit, others[unit.path, unit.start]


def _side(output: Output, unit: Unit, contract: Contract, step: int) -> _Side:
    with output.open(unit.predictions.file) as stream:
        table = pq.read_table(stream)
    rows: Rows = table.column("row").to_numpy()
    scores = table.column("score").combine_chunks()
    if contract.task == "multiclass":
        scores = scores.flatten().to_numpy().reshape(len(rows), -1)
    else:
        scores = scores.to_numpy()
    cluster: Rows = np.full(len(rows), unit.path, np.object_)
    name = contract.roles.cluster
    if name in table.column_names:
        cluster = np.array([str(value) for value in table.column(name).to_pylist()], np.object_)
    kept = rows % step == 0
    return _Side(rows[kept], scores[kept].astype(np.float64), cluster[kept])


def _paired(champion: _Side, candidate: _Side) -> dict[str, Rows]:
    """The rows that one of them scored at least."""
    rows = np.union1d(champion.rows, candidate.rows)
    cluster: Rows = np.full(len(rows), "", np.object_)
    paired: dict[str, Rows] = {}
    for name, side in (("candidate", candidate), ("champion", champion)):
        places = np.searchsorted(rows, side.rows)
        score: Rows = np.full((len(rows), *side.score.shape[1:]), np.nan)
        score[places], cluster[places] = side.score, side.cluster
        failed = np.ones(len(rows), np.bool_)
        failed[places] = False
        paired |= {name: score, f"{name}_failed": failed}
    return paired | {"cluster": cluster}
