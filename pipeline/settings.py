"""params.yaml and the environment, read once into frozen, typed settings.

The sections belong to the stages of the same name; `data` is shared, `model` is the fork's own,
and `demo` is read by `delivery` alone.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pydantic import Field, field_validator, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipeline.errors import PipelineError
from serving.contract import Roles, Task
from serving.strict import DocumentError, Strict, parse

PARAMS = Path("params.yaml")


class Address(Strict):
    """Data elsewhere, as in a database. `version` says which data they are, in any words; of an
    address by HTTP it can be the `etag` that the server answers."""

    address: str = Field(min_length=1)
    version: str | None = Field(default=None, min_length=1)
    etag: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _fits(self) -> Address:
        if self.version is not None and self.etag is not None:
            raise ValueError("a source has a version or an etag, not both")
        if self.etag is not None and not self.address.startswith(("http://", "https://")):
            raise ValueError("only a web server has etags; give the address a version")
        return self


class Data(Strict):
    """Which data, and which column plays which part. `until`: the newest data that has arrived,
    a month (2013-07) or a day (2013-07-31). `sources`: where the data lie: a path or a pattern
    (data/*.csv) in the checkout, `package:NAME[/PATH]`, or an address; only `load` reads them."""

    until: str | None = Field(default=None, pattern=r"^\d{4}-\d{2}(-\d{2})?$")
    task: Task
    roles: Roles
    sources: tuple[str | Address, ...] = ()

    @model_validator(mode="after")
    def _distinct(self) -> Data:
        names = [n for n in (self.roles.label, self.roles.row_id, self.roles.timestamp) if n]
        if len(set(names)) != len(names):
            raise ValueError("roles: label, row_id and timestamp are different columns")
        if self.roles.label in (self.roles.cluster, *self.roles.segments):
            raise ValueError("roles: the label cannot be a cluster or a segment as well")
        return self


class Column(Strict):
    """What is known about a feature. `range` is a limit: a row outside it is rejected.
    `known_before`: why it is known when the prediction is made, though it tells nearly all."""

    unit: str | None = None
    description: str = ""
    range: tuple[float, float] | None = None
    nullable: bool | None = None  # None: nullable where training has missing values
    sensitive: bool = False  # never logged as it is
    known_before: str = ""

    @field_validator("range")
    @classmethod
    def _ordered(cls, limits: tuple[float, float] | None) -> tuple[float, float] | None:
        if limits and limits[0] > limits[1]:
            raise ValueError("the lower limit is above the upper one")
        return limits


class Split(Strict):
    """How rows become train, validation and holdout.

    temporal  validation is the period before the last, holdout the last; `gap` (such as "7D") is
              left out before each, for labels that come late
    group     all rows of one `data.roles.cluster` stay together
    random    row by row
    file      the data says it: `column` holds train, validation or holdout

    group and random go by a hash of the cluster or row id, so that new rows move no old one.
    """

    kind: Literal["temporal", "group", "random", "file"]
    period: Literal["day", "week", "month", "quarter", "year"] = "month"
    gap: str | None = None
    validation: float = Field(default=0.2, gt=0, lt=1)
    holdout: float = Field(default=0.2, gt=0, lt=1)
    seed: int = Field(default=0, ge=0)
    column: str | None = None

    @model_validator(mode="after")
    def _fits(self) -> Split:
        if self.gap is not None and self.kind != "temporal":
            raise ValueError("gap is for a temporal split")
        if (self.column is not None) != (self.kind == "file"):
            raise ValueError("column is for a split of kind file, and needed there")
        if self.validation + self.holdout >= 1:
            raise ValueError("validation and holdout leave nothing to train on")
        return self

    @field_validator("gap")
    @classmethod
    def _duration(cls, gap: str | None) -> str | None:
        if gap is not None and not pd.Timedelta(gap) >= pd.Timedelta(0):
            raise ValueError("a gap is a duration such as 7D or 12h")
        return gap


class Prepare(Strict):
    """The rules that rows keep, and how they are split."""

    split: Split
    max_rejected_share: float = Field(default=0.01, ge=0, le=1)
    columns: Mapping[str, Column] = Field(default_factory=dict)


class Train(Strict):
    """`refit`: fit once more on train and validation for the model that ships. `inputs`: files
    and folders in model/ that `fit` reads beside its rows."""

    seed: int = Field(default=0, ge=0, lt=2**31)
    refit: bool = False
    inputs: tuple[str, ...] = ()


class Evaluate(Strict):
    """`threshold` turns a binary score into a decision: a number, or the best F1 on validation."""

    threshold: Literal["f1"] | float = 0.5

    @field_validator("threshold")
    @classmethod
    def _probability(cls, threshold: str | float) -> str | float:
        if not isinstance(threshold, str) and not 0 < threshold < 1:
            raise ValueError("a threshold lies between 0 and 1")
        return threshold


class Export(Strict):
    """How the model leaves: its name, its runtime, how exactly it must agree, and how a service
    explains its answers: by its trees, by sampling, by what fits (auto), or not (off).
    `quantize` makes its matrix products int8; it has to agree and to be faster then."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")
    runtime: Literal["onnx", "python"] = "onnx"
    tolerance: float = Field(default=1e-5, gt=0, le=0.1)
    examples: int = Field(default=50, ge=1, le=1000)
    explain: Literal["auto", "trees", "sampling", "off"] = "auto"
    quantize: Literal["off", "int8"] = "off"

    @model_validator(mode="after")
    def _is_a_graph(self) -> Export:
        if self.quantize != "off" and self.runtime != "onnx":
            raise ValueError("only a graph can be quantized; set quantize: off")
        return self


class Own(Strict):
    """The fork's own knobs: free mappings that `load` and `fit` are given."""

    load: Mapping[str, Any]
    fit: Mapping[str, Any]


class Demo(Strict):
    """What `make demo` overrides: dotted path → value, for its first release and improvement."""

    first: Mapping[str, Any] = Field(default_factory=dict)
    improvement: Mapping[str, Any] = Field(default_factory=dict)


class Settings(Strict):
    """params.yaml."""

    data: Data
    prepare: Prepare
    train: Train
    evaluate: Evaluate
    export: Export
    model: Own
    demo: Demo = Demo()

    @model_validator(mode="after")
    def _fits(self) -> Settings:
        kind, roles = self.prepare.split.kind, self.data.roles
        if kind == "temporal" and roles.timestamp is None:
            raise ValueError(
                "a temporal split needs data.roles.timestamp; name one, or set "
                "prepare.split.kind to random"
            )
        if kind == "group" and roles.cluster is None:
            raise ValueError("a split by group needs data.roles.cluster")
        return self


class LoadSettings(Strict):
    """What `model.load` is told. `own` is `model.load` of params.yaml."""

    until: str | None
    own: Mapping[str, Any]


class FitSettings(Strict):
    """What `model.fit` is told. `own` is `model.fit` of params.yaml."""

    seed: int
    label: str
    features: tuple[str, ...]
    task: Task
    own: Mapping[str, Any]


def read_settings(path: Path = PARAMS) -> Settings:
    """Read params.yaml.

    Raises:
        PipelineError: with the file and the path of each wrong key.
    """
    advice = f"Mend {path.name} and run `dvc repro` again."
    try:
        content = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
        return parse(Settings, content, source=path.name)
    except FileNotFoundError as error:
        raise PipelineError(f"{path}: no such file. Run `git checkout -- {path.name}`.") from error
    except YAMLError as error:
        reason = " ".join(str(error).split())
        raise PipelineError(f"{path.name}: not YAML: {reason}. {advice}") from error
    except DocumentError as error:
        raise PipelineError(f"{error}. {advice}") from error


def tracking_uri() -> str | None:
    """`MLFLOW_TRACKING_URI`, or None for SQLite in the checkout."""
    return os.environ.get("MLFLOW_TRACKING_URI") or None
