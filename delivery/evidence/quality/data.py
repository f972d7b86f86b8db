"""What train, validation and holdout hold: the evidence of the data gate."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from delivery.errors import HeldError
from delivery.evidence.holdout import read_labels
from delivery.evidence.quality.copied_rows import backdated, twins
from delivery.evidence.quality.single_columns import Rows, power_of, powers, skill
from delivery.evidence.table import SPLITS, Table, column, read_split
from delivery.evidence.trial import Trial
from delivery.gates.leaks import Skill
from delivery.gates.numbers.bootstrap import Floats
from delivery.gates.numbers.metrics import Labels
from delivery.gates.quality.data import Evidence, Profile
from serving.contract import Contract, Roles

SAMPLE_ROWS = 20_000  # at most, to find out what one column tells


def gather(trial: Trial) -> Evidence:
    """The profiles of what the candidate and the champion were made from, and signs of leaks."""
    before = trial.champion_made
    if trial.champion and before is None:
        return Evidence(None)
    first = before is None
    inputs = trial.bento.contract.inputs
    reasons = {spec.name: spec.known_before for spec in inputs if spec.known_before}
    try:
        own = profile(*trial.made)
        return Evidence(
            own,
            profile(*before) if before else None,
            first=first,
            skill=_skill(trial),
            twins=twins(*trial.made),
            backdated=backdated(trial.made, before) if before else None,
            known_before=reasons,
        )
    except HeldError as error:
        return Evidence(None, first=first, missing=str(error))


def profile(folder: Path, contract: Contract) -> Profile:
    """Raises HeldError where a split, or a column with a role, is missing."""
    tables = {split: read_split(folder, split) for split in SPLITS}
    ids = {
        split: pc.cast(column(table, contract.roles.row_id, folder / split), pa.string())
        for split, table in tables.items()
    }
    distinct = {split: pc.count_distinct(values).as_py() for split, values in ids.items()}
    together = pa.chunked_array([chunk for values in ids.values() for chunk in values.chunks])
    labels = {
        split: read_labels(table, contract, folder / f"{split}.parquet")
        for split, table in tables.items()
    }
    return Profile(
        rows={split: len(table) for split, table in tables.items()},
        kinds={field.name: _kind(field.type) for field in tables["train"].schema},
        missing={split: _missing(table) for split, table in tables.items()},
        labels={split: _shares(values, contract) for split, values in labels.items()},
        repeated=sum(len(ids[split]) - distinct[split] for split in SPLITS),
        shared=sum(distinct.values()) - pc.count_distinct(together).as_py(),
        ordered=_ordered(tables, contract.roles),
        tells=_tells(Rows(tables["train"], labels["train"]), contract),
    )


def _kind(type_: pa.DataType) -> str:
    if pa.types.is_dictionary(type_):
        type_ = type_.value_type
    known = {
        "number": (pa.types.is_integer, pa.types.is_floating),
        "text": (pa.types.is_string, pa.types.is_large_string),
        "truth": (pa.types.is_boolean,),
        "time": (pa.types.is_temporal,),
    }
    return next((kind for kind, is_it in known.items() if any(f(type_) for f in is_it)), "other")


def _missing(table: Table) -> dict[str, float]:
    """A missing text is the empty one: ONNX has no other."""
    return {name: float(_absent(table.column(name)).mean() or 0.0) for name in table.column_names}


def _absent(values: Table) -> Floats:
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    missing = pc.is_null(values, nan_is_null=True)
    if _kind(values.type) == "text":
        missing = pc.or_(missing, pc.fill_null(pc.equal(values, ""), True))
    absent: Floats = missing.to_numpy(zero_copy_only=False).astype(np.float64)
    return absent if len(absent) else np.zeros(1)


def _shares(labels: Labels, contract: Contract) -> dict[str, float]:
    if contract.classes is None or not len(labels):
        return {}
    counts = np.bincount(labels, minlength=len(contract.classes))
    return dict(zip(contract.classes, (counts / len(labels)).tolist(), strict=True))


def _ordered(tables: Mapping[str, Table], roles: Roles) -> bool | None:
    """Does the holdout begin after the other rows end?"""
    name = roles.timestamp
    if name is None or not all(name in table.column_names for table in tables.values()):
        return None
    first = pc.min(tables["holdout"].column(name)).as_py()
    lasts = [pc.max(tables[split].column(name)).as_py() for split in ("train", "validation")]
    known = [last for last in lasts if last is not None]
    return first is None or all(last < first for last in known)


def _tells(train: Rows, contract: Contract) -> Mapping[str, float]:
    """How well each input alone tells the label, judged on rows that it was not learned from."""
    sample = train.sample(SAMPLE_ROWS)
    half = len(sample) // 2
    return powers(sample.part(0, half), sample.part(half, len(sample)), contract)


def _skill(trial: Trial) -> Skill | None:
    """The model beside each of its inputs, learned from training rows, on rows of the holdout."""
    paired, contract = trial.paired, trial.bento.contract
    if paired is None:
        return None
    folder = trial.evaluation.data
    table = read_split(folder, "train")
    train = Rows(table, read_labels(table, contract, folder / "train.parquet"))
    chosen = np.random.default_rng(0).permutation(len(paired.holdout))[:SAMPLE_ROWS]
    sample = Rows(paired.holdout.table.take(chosen), paired.holdout.labels[chosen])
    model = power_of(paired.candidate[chosen], sample.labels, contract)
    alone = powers(train.sample(SAMPLE_ROWS), sample, contract)
    return Skill(
        model=skill(model, contract),
        inputs={name: skill(power, contract) for name, power in alone.items()},
    )
