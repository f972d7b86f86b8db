"""The holdout: the rows that both models are scored on, and where they come from."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from delivery.bento.digest import file_sha256
from delivery.documents import canonical_sha256
from delivery.errors import HeldError
from delivery.evidence.evaluation import Evaluation
from delivery.evidence.table import Table, column, read_split, texts
from delivery.gates.numbers.bootstrap import Codes
from delivery.gates.numbers.metrics import Labels
from delivery.storage.checkout import Checkout
from delivery.storage.dvc_lock import SPLITS, outputs
from serving.contract import Contract


@dataclass(frozen=True)
class Holdout:
    """The rows that both models are scored on. Arrays have one entry per row.

    `labels` are class numbers for classes, floats for regression; `clusters` numbers
    `cluster_names`; `first` and `last` are ISO timestamps, None where rows have no time.
    """

    file: Path
    sha256: str
    table: Table
    labels: Labels
    clusters: Codes
    cluster_names: tuple[str, ...]
    cluster_column: str | None
    segments: Mapping[str, NDArray[Any]]
    first: str | None
    last: str | None

    def __len__(self) -> int:
        return len(self.labels)


def read_holdout(evaluation: Evaluation, candidate: Contract, champion: Contract | None) -> Holdout:
    """Read the holdout with the roles of the contracts.

    Clusters and segments of the champion's contract count as well: a candidate must not get
    rid of a slice, or of the dependence between rows, by not naming it.

    Raises:
        HeldError: a file, a column or a known label is missing.
    """
    file = evaluation.data / "holdout.parquet"
    table = read_split(evaluation.data, "holdout")
    roles = candidate.roles
    known = (champion or candidate).roles
    cluster = known.cluster if known.cluster in table.column_names else roles.cluster
    names = (*roles.segments, *known.segments)
    segments = {name: texts(column(table, name, file)) for name in dict.fromkeys(names)}
    cluster_names: tuple[str, ...] = ()
    if cluster is None:
        clusters = np.arange(len(table))
    else:
        encoded = pc.dictionary_encode(column(table, cluster, file), null_encoding="encode")
        encoded = encoded.combine_chunks()
        clusters = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        cluster_names = tuple(str(value) for value in encoded.dictionary.to_pylist())
    times = column(table, roles.timestamp, file) if roles.timestamp else None
    return Holdout(
        file=file,
        sha256=file_sha256(file),
        table=table,
        labels=read_labels(table, candidate, file),
        clusters=clusters,
        cluster_names=cluster_names,
        cluster_column=cluster,
        segments=segments,
        first=_iso(pc.min(times).as_py()) if times is not None else None,
        last=_iso(pc.max(times).as_py()) if times is not None else None,
    )


def read_labels(table: Table, contract: Contract, file: Path) -> Labels:
    """The labels as class numbers in the contract's order, or as floats.

    Raises:
        HeldError: a label is missing, or is none of the contract's classes.
    """
    name = contract.roles.label
    values = column(table, name, file)
    if values.null_count:
        raise HeldError(f"{values.null_count} rows of {file.name} have no label {name}")
    if contract.classes is None:
        numbers: Labels = pc.cast(values, pa.float64()).to_numpy()
        if not np.isfinite(numbers).all():
            raise HeldError(f"{file.name}: not every label {name} is a finite number")
        return numbers
    encoded = pc.dictionary_encode(values).combine_chunks()
    order = {text: index for index, text in enumerate(contract.classes)}
    texts = [str(value) for value in encoded.dictionary.to_pylist()]
    unknown = sorted(set(texts) - set(order))
    if unknown:
        raise HeldError(
            f"{file.name}: label {name} is {unknown[0]!r} in some rows, the model's classes are "
            f"{', '.join(contract.classes)}"
        )
    codes = np.array([order[text] for text in texts], dtype=np.int64)
    labels: Labels = codes[encoded.indices.to_numpy(zero_copy_only=False)]
    return labels


def _iso(moment: Any) -> str | None:
    if moment is None:
        return None
    return moment.isoformat() if hasattr(moment, "isoformat") else str(moment)


def fetch_splits(checkout: Checkout, commit: str, *, held_by: str = "") -> Path:
    """The folder with the three splits of `commit`, by their hashes; `held_by` is a release that
    was made from them."""
    locked = outputs(checkout.repository, commit)
    wanted = {path: locked[path] for path in SPLITS}
    folder = checkout.workspace / "cache" / "data" / canonical_sha256(wanted)[:16]
    if not folder.is_dir():
        incoming = folder.with_name(f"{folder.name}.{os.getpid()}")
        shutil.rmtree(incoming, ignore_errors=True)
        incoming.mkdir(parents=True)
        for path in SPLITS:
            checkout.store.get(commit, path, incoming / Path(path).name, held_by=held_by)
        incoming.rename(folder)
    return folder
