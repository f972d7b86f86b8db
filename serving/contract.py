"""The contract of a model: what it takes, what it answers, and where it comes from.

`artifacts/model/contract.json` is the only thing that `pipeline`, `serving` and `delivery`
share, beside the settings of the service. This module defines, reads and writes the contract.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from serving.strict import Document, DocumentError, Strict, parse

CONTRACT = "contract.json"
MODEL = "model.onnx"
PREDICTOR = "predictor"
EXAMPLES = "examples.jsonl"
OWN = "delivery."  # begins the ids of requests that are those of gates, and no client's
CARD = "card.md"  # what a person wrote about the model, for people
BEHAVIOURS = "behaviours.jsonl"
EXPLAINER = "explainer.json"
EXPLAINER_ENCODER = "explainer.onnx"  # for trees: inputs → the output MATRIX
EXPLAINER_PATHS = "explainer.npz"
MATRIX = "matrix"
# Scores are float32: a probability this near to 0 or 1 cannot be told from certainty.
CERTAIN = 1e-7
SCORE = "score"  # the output every model has: float32, [rows] or [rows, classes]

Dtype = Literal["float32", "float64", "int64", "bool", "string", "bytes"]
Task = Literal["binary", "multiclass", "regression"]
Link = Literal["identity", "logistic", "softmax"]  # what makes scores of raw sums


class Histogram(Strict):
    """How a column was distributed in training.

    Numbers: `edges` has one more entry than `counts`, in the column's unit; values outside the
    edges belong to the first or the last bin. Categories: `labels` instead of `edges`.
    """

    edges: tuple[float, ...] | None = None
    labels: tuple[str, ...] | None = None
    counts: tuple[int, ...]
    missing: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _fits(self) -> Histogram:
        if (self.edges is None) == (self.labels is None):
            raise ValueError("a histogram has either edges or labels")
        expected = len(self.labels) if self.labels is not None else len(self.edges or ()) - 1
        if len(self.counts) != expected:
            raise ValueError(f"{len(self.counts)} counts for {expected} bins")
        return self


class Input(Strict):
    """One feature of a request row.

    `shape` is that of one row: () for a scalar. `range` is a declared limit and is enforced;
    what training happened to see is in `histogram` and is only watched. `categories` are those
    seen in training; `unseen` says whether the model copes with others. A `sensitive` value is
    never written down as it is. `known_before` is the author's reason why a strong input is known
    when the prediction is made.
    """

    name: str = Field(min_length=1)
    dtype: Dtype
    shape: tuple[int, ...] = ()
    nullable: bool = False
    unit: str | None = None
    description: str = ""
    range: tuple[float, float] | None = None
    categories: tuple[str, ...] | None = None
    unseen: Literal["accept", "reject"] = "accept"
    sensitive: bool = False
    # Left out where nothing is said, so that the contracts of before keep their bytes.
    known_before: str = Field(default="", exclude_if=lambda reason: not reason)
    histogram: Histogram | None = None


class Output(Strict):
    """One output of the model. `shape` is that of one row."""

    name: str = Field(min_length=1)
    dtype: Dtype
    shape: tuple[int, ...] = ()
    description: str = ""
    histogram: Histogram | None = None


class Roles(Strict):
    """Which column of the data plays which part. None of them is a feature, segments apart."""

    label: str
    row_id: str
    timestamp: str | None = None
    cluster: str | None = None
    segments: tuple[str, ...] = ()

    def excluded(self) -> frozenset[str]:
        """Columns that are never features."""
        return frozenset(c for c in (self.label, self.row_id, self.timestamp, self.cluster) if c)


class Quantization(Strict):
    """How coarse the numbers inside an exported model are, and what that costs: `worst` is the
    largest difference from the trained model that export found, at most `tolerance`. A score
    depends a little on the rows beside it."""

    kind: Literal["int8"]
    worst: float = Field(ge=0)
    tolerance: float = Field(gt=0)


class Contract(Strict):
    """What a model takes and answers.

    `classes` are the labels of the score's columns, in order; for a binary task the second is
    the positive one and the score is its probability. `threshold` turns it into a decision.
    `trained_until` is the ISO date of the last row that training saw (validation included), or
    None where rows have no time.
    """

    schema_version: Literal[1] = 1
    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")
    runtime: Literal["onnx", "python"] = "onnx"
    task: Task
    inputs: tuple[Input, ...] = Field(min_length=1)
    outputs: tuple[Output, ...] = Field(min_length=1)
    classes: tuple[str, ...] | None = None
    threshold: float | None = None
    roles: Roles
    trained_until: str | None = None
    quantization: Quantization | None = None

    @model_validator(mode="after")
    def _fits(self) -> Contract:
        names = [column.name for column in self.inputs]
        if len(set(names)) != len(names):
            raise ValueError("two inputs have the same name")
        if (self.classes is None) != (self.task == "regression"):
            raise ValueError("classes are for binary and multiclass tasks, and needed there")
        if self.classes and self.task == "binary" and len(self.classes) != 2:
            raise ValueError("a binary task has two classes")
        if not any(output.name == SCORE for output in self.outputs):
            raise ValueError(f"no output is called {SCORE!r}")
        return self


class Behaviour(Strict):
    """What the model's author expects of its scores, one of three kinds. Rows are those of a
    request; `of` names the class whose probability is meant, the positive one if left out.

    higher, lower   the score of `higher` is above that of `lower`, by `by` at least
    same            the scores of all rows lie within `within` of each other
    row             its score is no less than `minimum` and no more than `maximum`
    """

    name: str = Field(min_length=1)
    of: str | None = None
    higher: Mapping[str, Any] | None = None
    lower: Mapping[str, Any] | None = None
    by: float = Field(default=0.0, ge=0)
    same: tuple[Mapping[str, Any], ...] | None = None
    within: float = Field(default=0.0, ge=0)
    row: Mapping[str, Any] | None = None
    minimum: float | None = None
    maximum: float | None = None

    @model_validator(mode="after")
    def _is_one_kind(self) -> Behaviour:
        if (self.higher is None) != (self.lower is None):
            raise ValueError("`higher` and `lower` belong together")
        if (self.row is None) != (self.minimum is None and self.maximum is None):
            raise ValueError("`row` comes with `minimum`, `maximum` or both")
        if [self.higher, self.same, self.row].count(None) != 2:
            raise ValueError("it has `higher` and `lower`, or `same`, or `row`")
        if self.same is not None and len(self.same) < 2:
            raise ValueError("`same` needs two rows or more")
        return self

    @property
    def rows(self) -> tuple[Mapping[str, Any], ...]:
        """The request rows that it is about, `higher` before `lower`."""
        pair = (self.higher, self.lower, self.row)
        return self.same or tuple(row for row in pair if row is not None)


class Explanation(Strict):
    """How a model's answers are explained. A score is `link` of a raw sum, and contributions add
    up in that sum: log-odds for `logistic`. `sampling` needs a typical row as its reference."""

    schema_version: Literal[1] = 1
    method: Literal["trees", "sampling"]
    link: Link
    reference: Mapping[str, Any] | None = None


def read_contract(path: Path) -> Contract:
    """Read `contract.json`, or the one in the folder `path`."""
    return _read(Contract, path / CONTRACT if path.is_dir() else path)


def read_explanation(folder: Path) -> Explanation:
    """Read `explainer.json` in the folder."""
    return _read(Explanation, folder / EXPLAINER)


def _read(kind: type[Document], file: Path) -> Document:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DocumentError(f"{file}: no such file; `dvc repro` writes it") from error
    except ValueError as error:
        raise DocumentError(f"{file}: not JSON: {error}") from error
    return parse(kind, content, source=str(file))


def render_contract(contract: Contract) -> str:
    """The canonical text of a contract: the same contract gives the same bytes."""
    return render(contract)


def render(document: Strict) -> str:
    """The canonical text of a document."""
    content = document.model_dump(mode="json", exclude_defaults=False)
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
