"""The model of a folder `artifacts/model`, ready to score columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from serving.contract import EXAMPLES, Contract, read_contract
from serving.digests import file_hashes
from serving.errors import InvalidRows, ScoreError
from serving.examples import read_examples
from serving.explain.explainer import Explained, Explainer, load_explainer
from serving.model.engine import Engine
from serving.rows.column import Array
from serving.rows.validate import Validator
from serving.settings.policy import Compute
from serving.strict import DocumentError

DEFAULT = Compute()
CHECKSUMS = "model.sha256"  # beside the folder; `delivery release` writes it, sha256sum reads it


@dataclass(frozen=True)
class LoadedModel:
    """A loaded model. `files` are the sha256 of what it was loaded from, by POSIX path."""

    contract: Contract
    files: Mapping[str, str]
    examples: tuple[Mapping[str, Any], ...]
    engine: Engine
    explainer: Explainer | None = None

    @property
    def providers(self) -> tuple[str, ...]:
        """What computes the graph; none for code."""
        return getattr(self.engine, "providers", ())

    @property
    def vectors(self) -> frozenset[str]:
        """The inputs that may come as [rows, 1]."""
        return getattr(self.engine, "vectors", frozenset())

    def score(self, columns: Mapping[str, Array]) -> Array:
        """Score columns: float32, [rows], or [rows, classes] for multiclass.

        Raises:
            ScoreError: the engine fails, or answers something that is not a finite number.
        """
        score = self.engine(columns)
        if self.contract.task != "multiclass":
            score = score.reshape(-1)
        if np.count_nonzero(np.isfinite(score)) != score.size:  # a quarter of the time of all()
            row = int(np.flatnonzero(~np.isfinite(score).reshape(len(score), -1).all(1))[0])
            raise ScoreError(f"the model has no finite score for row {row}")
        return score

    def explain(self, columns: Mapping[str, Array]) -> Iterator[Explained]:
        """Explain rows, a few at a time.

        Raises:
            ScoreError: as `score`, or what was found does not add up.
        """
        assert self.explainer is not None
        count = len(next(iter(columns.values())))
        for start in range(0, count, self.explainer.method.rows):
            some = slice(start, start + self.explainer.method.rows)
            part = {name: column[some] for name, column in columns.items()}
            yield self.explainer(part, self.score(part))


def load_model(folder: Path, compute: Compute = DEFAULT) -> LoadedModel:
    """Load and try out the model in `folder`.

    Raises:
        DocumentError: one line: a file is missing, was changed since it was released, is
            malformed, or model, contract and examples do not fit together.
    """
    contract = read_contract(folder)
    files = file_hashes(folder)
    _check_sums(folder, files)
    try:
        engine = _engine(folder, contract, compute)
        explainer = load_explainer(folder, contract, engine, compute)
        examples = tuple(example.instance for example in read_examples(folder))
        model = LoadedModel(contract, files, examples, engine, explainer)
        _try_out(model)
    except (DocumentError, InvalidRows, ScoreError) as error:
        raise DocumentError(f"{folder}: {error}") from error
    return model


def check_released(folder: Path) -> bool:
    """Is this a released model, unchanged? False for a checkout's, which has no sums to compare
    with. A released one was loaded and tried out when its bento was built.

    Raises:
        DocumentError: as `load_model`, for what is seen without loading the model.
    """
    read_contract(folder)
    _check_sums(folder, file_hashes(folder))
    return (folder.parent / CHECKSUMS).exists()


def _engine(folder: Path, contract: Contract, compute: Compute) -> Engine:
    """Imported as needed: each runtime costs memory and a part of a second at the start."""
    if contract.runtime == "python":
        from serving.model.python_code import load_predictor

        return load_predictor(folder)
    from serving.model.graph import load_graph

    return load_graph(folder, contract, compute)


def _check_sums(folder: Path, files: Mapping[str, str]) -> None:
    """Refuse a model that is not the released one. A checkout has no sums: nothing to compare."""
    sums = folder.parent / CHECKSUMS
    if not sums.exists():
        return
    lines = sums.read_text(encoding="utf-8").splitlines()
    released = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    for name in sorted(released.keys() | files.keys()):
        if name not in files:
            raise DocumentError(f"{folder / name}: missing, although the release has it")
        if released.get(name) != files[name]:
            raise DocumentError(f"{folder / name}: not the bytes that were released")


def _try_out(model: LoadedModel) -> None:
    """Score and explain the first example: proves that the parts fit, and warms them up."""
    if not model.examples:
        raise DocumentError(f"{EXAMPLES}: no examples")
    columns = Validator(model.contract)(model.examples[:1]).columns
    score = model.score(columns)
    classes = len(model.contract.classes or ())
    expected = (1, classes) if model.contract.task == "multiclass" else (1,)
    if score.shape != expected:
        raise DocumentError(f"a row's score is {score.shape}, expected {expected}")
    if model.explainer is not None:
        list(model.explain(columns))
