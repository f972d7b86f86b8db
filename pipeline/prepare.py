"""Prepare: give columns their types, reject rows that break the rules, and split.

    artifacts/data/raw.parquet  →  artifacts/data/{train,validation,holdout}.parquet, report.json

Rejected rows are counted by reason in report.json, a DVC metric; more than
`prepare.max_rejected_share` of them stop the stage.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from pipeline.data.columns import conform, feature_names, is_missing
from pipeline.data.io import DATA, RAW, REPORT, read_frame, run, write_frame, write_json
from pipeline.data.split import split
from pipeline.errors import PipelineError
from pipeline.settings import Column, Settings
from serving.contract import Roles


@dataclass(frozen=True)
class Accepted:
    """Rows that keep the rules, and how many do not, by the first rule that each breaks."""

    rows: pd.DataFrame
    rejected: dict[str, int]


def prepare(settings: Settings) -> str:
    """Write the three parts and the report."""
    roles, rules = settings.data.roles, settings.prepare
    raw = read_frame(RAW, "ingest")
    frame = conform(raw, roles, classes=settings.data.task != "regression")
    features = feature_names(frame, roles, rules.split.column)
    _check_columns(features, rules.columns)
    accepted = validate(frame, features, roles, rules.columns)
    _check_share(len(raw), accepted.rejected, rules.max_rejected_share)
    parts = split(accepted.rows, roles, rules.split)
    _check_values(parts["train"], features)
    unused = [rules.split.column] if rules.split.column else []
    for name, part in parts.items():
        write_frame(DATA / f"{name}.parquet", part.drop(columns=unused))
    rows = {name: len(part) for name, part in parts.items()}
    left = len(accepted.rows) - sum(rows.values())
    report = {
        "rows": {"loaded": len(raw), **rows, "in_gap": left},
        "rejected": {"total": len(raw) - len(accepted.rows), **accepted.rejected},
        "features": len(features),
    }
    write_json(REPORT, report)
    return _line(rows, accepted.rejected)


def validate(
    frame: pd.DataFrame, features: list[str], roles: Roles, columns: Mapping[str, Column]
) -> Accepted:
    """Apply the rules: declared ranges, required values, finite numbers, unique row ids."""
    failures = _failures(frame, schema(frame, features, roles, columns))
    rejected = failures.groupby("reason").size().sort_index()
    rows = frame.drop(index=list(failures["index"]))
    return Accepted(
        rows.astype({roles.label: _settled(rows[roles.label])}).reset_index(drop=True),
        {str(reason): int(count) for reason, count in rejected.items()},
    )


def schema(
    frame: pd.DataFrame, features: list[str], roles: Roles, columns: Mapping[str, Column]
) -> pa.DataFrameSchema:
    """The pandera schema. A check's name is the reason that report.json gives."""
    unique = pa.Check(lambda s: ~s.duplicated(), error=f"{roles.row_id} repeated")
    rules = {roles.row_id: [present(roles.row_id), unique], roles.label: [present(roles.label)]}
    for role in (roles.timestamp, roles.cluster):
        if role:
            rules[role] = [present(role)]
    for name in features:
        rules[name] = _feature_checks(frame[name], columns.get(name, Column()))
    return pa.DataFrameSchema(
        {name: pa.Column(checks=checks, nullable=True) for name, checks in rules.items()}
    )


def present(name: str) -> pa.Check:
    """A check that a value is there."""
    return pa.Check(lambda s: ~_absent(s), error=f"{name} missing", ignore_na=False)


def _feature_checks(column: pd.Series, declared: Column) -> list[pa.Check]:
    checks = [present(str(column.name))] if declared.nullable is False else []
    if pd.api.types.is_float_dtype(column.dtype):
        finite = pa.Check(lambda s: s.abs() != float("inf"), error=f"{column.name} infinite")
        checks.append(finite)
    if declared.range is not None:
        if not pd.api.types.is_numeric_dtype(column.dtype):
            raise PipelineError(
                f"prepare.columns.{column.name}.range in params.yaml is for numbers, and the "
                "column holds text. Remove it and run `dvc repro`."
            )
        low, high = declared.range
        unit = f" {declared.unit}" if declared.unit else ""
        name = f"{column.name} outside {low:g} to {high:g}{unit}"
        checks.append(pa.Check.in_range(low, high, error=name))
    return checks


def _failures(frame: pd.DataFrame, rules: pa.DataFrameSchema) -> pd.DataFrame:
    """One line for each row that breaks a rule: `index`, `reason` (the first one)."""
    try:
        rules.validate(frame, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
        if cases["index"].isna().any():
            bad = cases[cases["index"].isna()].iloc[0]
            raise PipelineError(
                f"a rule could not be checked: {bad['check']} on column {bad['column']!r} "
                f"({bad['failure_case']}). Mend model/ or prepare.columns and run `dvc repro`."
            ) from error
        cases = cases.assign(reason=cases["check"].astype(str))
        first: pd.DataFrame = cases.drop_duplicates("index")[["index", "reason"]]
        return first
    return pd.DataFrame({"index": [], "reason": []})


def _absent(column: pd.Series) -> pd.Series:
    """Where a feature or a role has no value; a feature's missing text is empty by now."""
    return column.isna() | (column == "") if column.dtype == "str" else column.isna()


def _settled(label: pd.Series) -> Any:
    """A label that was nullable only for rows that are gone now."""
    if pd.api.types.is_bool_dtype(label.dtype) or set(map(type, label)) <= {bool}:
        return bool
    return "int64" if pd.api.types.is_integer_dtype(label.dtype) else label.dtype


def _check_columns(features: list[str], columns: Mapping[str, Column]) -> None:
    unknown = sorted(set(columns) - set(features))
    if unknown:
        raise PipelineError(
            f"params.yaml: prepare.columns.{unknown[0]}: no such feature; there are "
            f"{', '.join(features)}. Mend it and run `dvc repro`."
        )


def _check_values(train: pd.DataFrame, features: list[str]) -> None:
    """Nothing can be learnt from a column without values, and exporters fail on it later on."""
    empty = [name for name in features if is_missing(train[name]).all()]
    if empty:
        raise PipelineError(
            f"column {', '.join(map(repr, empty))} has no value in any of the {len(train):,} "
            "training rows: all are missing. Mend model.load if it should have values there, or "
            "drop the column; then run `dvc repro`."
        )


def _check_share(total: int, rejected: dict[str, int], limit: float) -> None:
    count = sum(rejected.values())
    if count > limit * total:
        reasons = "; ".join(f"{reason}: {n:,}" for reason, n in rejected.items())
        raise PipelineError(
            f"{count:,} of {total:,} rows ({count / total:.1%}) break a rule, and "
            f"prepare.max_rejected_share allows {limit:.1%}. {reasons}. Mend the data in "
            "model.load, or the rule in params.yaml, and run `dvc repro`."
        )


def _line(rows: dict[str, int], rejected: dict[str, int]) -> str:
    kept = ", ".join(f"{name} {count:,}" for name, count in rows.items())
    reasons = "".join(f"\n  rejected {n:,}: {reason}" for reason, n in rejected.items())
    return f"prepare: {kept}{reasons}"


if __name__ == "__main__":
    logging.getLogger("pandera").setLevel(logging.ERROR)
    run(prepare)
