"""The model of a folder `artifacts/model`, ready to score columns."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from serving.contract import EXAMPLES, Contract, ContractError, read_contract
from serving.explain.explainer import Explained, Explainer, load_explainer
from serving.model.engine import Engine, ScoreError
from serving.rows.validate import Array, InvalidRows, Validator
from serving.settings.policy import Compute

__all__ = ["Model", "ScoreError", "file_hashes", "load_model"]

DEFAULT = Compute()
CHECKSUMS = "model.sha256"  # beside the folder; `delivery release` writes it, sha256sum reads it


@dataclass(frozen=True)
class Model:
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


def load_model(folder: Path, compute: Compute = DEFAULT) -> Model:
    """Load and try out the model in `folder`.

    Raises:
        ContractError: one line: a file is missing, was changed since it was released, is
            malformed, or model, contract and examples do not fit together.
    """
    contract = read_contract(folder)
    files = file_hashes(folder)
    _check_sums(folder, files)
    try:
        engine = _engine(folder, contract, compute)
        explainer = load_explainer(folder, contract, engine, compute)
        examples = tuple(_read_examples(folder / EXAMPLES))
        model = Model(contract, files, examples, engine, explainer)
        _try_out(model)
    except (ContractError, InvalidRows, ScoreError) as error:
        raise ContractError(f"{folder}: {error}") from error
    return model


def check_released(folder: Path) -> bool:
    """Is this a released model, unchanged? False for a checkout's, which has no sums to compare
    with. A released one was loaded and tried out when its bento was built.

    Raises:
        ContractError: as `load_model`, for what is seen without loading the model.
    """
    read_contract(folder)
    _check_sums(folder, file_hashes(folder))
    return (folder.parent / CHECKSUMS).exists()


def _engine(folder: Path, contract: Contract, compute: Compute) -> Engine:
    """Imported as needed: each runtime costs memory and a part of a second at the start."""
    if contract.runtime == "python":
        from serving.model.predictor import load_predictor

        return load_predictor(folder)
    from serving.model.graph import load_graph

    return load_graph(folder, contract, compute)


def file_hashes(folder: Path) -> dict[str, str]:
    """sha256 in hex of every file below `folder`, by POSIX path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def _check_sums(folder: Path, files: Mapping[str, str]) -> None:
    """Refuse a model that is not the released one. A checkout has no sums: nothing to compare."""
    sums = folder.parent / CHECKSUMS
    if not sums.exists():
        return
    lines = sums.read_text(encoding="utf-8").splitlines()
    released = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    for name in sorted(released.keys() | files.keys()):
        if name not in files:
            raise ContractError(f"{folder / name}: missing, although the release has it")
        if released.get(name) != files[name]:
            raise ContractError(f"{folder / name}: not the bytes that were released")


def _read_examples(file: Path) -> Iterator[Mapping[str, Any]]:
    if not file.is_file():
        raise ContractError(f"{EXAMPLES}: no such file; `dvc repro` writes it")
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            yield json.loads(line)["instance"]
        except (ValueError, KeyError, TypeError) as error:
            raise ContractError(f"{EXAMPLES}: line {number} is not an example") from error


def _try_out(model: Model) -> None:
    """Score and explain the first example: proves that the parts fit, and warms them up."""
    if not model.examples:
        raise ContractError(f"{EXAMPLES}: no examples")
    columns = Validator(model.contract)(model.examples[:1]).columns
    score = model.score(columns)
    classes = len(model.contract.classes or ())
    expected = (1, classes) if model.contract.task == "multiclass" else (1,)
    if score.shape != expected:
        raise ContractError(f"a row's score is {score.shape}, expected {expected}")
    if model.explainer is not None:
        list(model.explain(columns))
