"""The model of a folder `artifacts/model`, ready to score columns."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from serving.contract import EXAMPLES, MODEL, SCORE, Contract, ContractError, Input, read_contract
from serving.validate import Array, InvalidRows, Validator

CHECKSUMS = "model.sha256"  # beside the folder; `delivery release` writes it, sha256sum reads it
_GRAPH_TYPES = {
    "float32": "tensor(float)",
    "float64": "tensor(double)",
    "int64": "tensor(int64)",
    "bool": "tensor(bool)",
    "string": "tensor(string)",
}


class ScoreError(RuntimeError):
    """The model failed on rows that its contract allows: a fault of the model."""


@dataclass(frozen=True)
class Model:
    """A loaded model. `files` are the sha256 of what it was loaded from, by POSIX path."""

    contract: Contract
    files: Mapping[str, str]
    examples: tuple[Mapping[str, Any], ...]
    session: ort.InferenceSession
    vectors: frozenset[str]  # inputs that the graph takes as [rows, 1]

    def score(self, columns: Mapping[str, Array]) -> Array:
        """Score columns: float32, [rows], or [rows, classes] for multiclass.

        Raises:
            ScoreError: the graph fails, or answers something that is not a finite number.
        """
        feeds = dict(columns)
        for name in self.vectors:
            feeds[name] = feeds[name].reshape(-1, 1)
        try:
            score: Array = self.session.run([SCORE], feeds)[0]
        except Exception as error:  # ONNX Runtime's errors share no other base class
            raise ScoreError(f"the model cannot score these rows: {error}") from error
        if self.contract.task != "multiclass":
            score = score.reshape(-1)
        if not np.isfinite(score).all():
            row = int(np.flatnonzero(~np.isfinite(score).reshape(len(score), -1).all(1))[0])
            raise ScoreError(f"the model has no finite score for row {row}")
        return score


def load_model(folder: Path) -> Model:
    """Load and try out the model in `folder`.

    Raises:
        ContractError: one line: a file is missing, was changed since it was released, is
            malformed, or graph, contract and examples do not fit together.
    """
    contract = read_contract(folder)
    if contract.runtime != "onnx":
        raise ContractError(
            f"{folder}: the runtime {contract.runtime!r} cannot be served; use onnx"
        )
    files = file_hashes(folder)
    _check_sums(folder, files)
    session = _session(folder / MODEL)
    try:
        vectors = frozenset(_vectors(contract, session))
        examples = tuple(_read_examples(folder / EXAMPLES))
        model = Model(contract, files, examples, session, vectors)
        _try_out(model)
    except (ContractError, InvalidRows, ScoreError) as error:
        raise ContractError(f"{folder}: {error}") from error
    return model


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


def _session(file: Path) -> ort.InferenceSession:
    if not file.is_file():
        raise ContractError(f"{file}: no such file; `dvc repro` writes it")
    options = ort.SessionOptions()
    # One thread: a row takes microseconds, so threads would only wait for each other, and the
    # order of additions stays the same on every machine. More workers use more cores.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's errors share no other base class
        reason = str(error).splitlines()[0]
        raise ContractError(f"{file}: ONNX Runtime cannot load it: {reason}") from error


def _vectors(contract: Contract, session: ort.InferenceSession) -> Iterator[str]:
    """Names of the inputs that the graph takes as [rows, 1]; ContractError on a misfit."""
    graph = {node.name: node for node in session.get_inputs()}
    declared = {spec.name: spec for spec in contract.inputs}
    if missing := sorted(graph.keys() ^ declared.keys()):
        side = "contract" if missing[0] in graph else "graph"
        raise ContractError(f"{MODEL}: input {missing[0]!r} is not in the {side}")
    if SCORE not in {node.name for node in session.get_outputs()}:
        raise ContractError(f"{MODEL}: no output is called {SCORE!r}")
    for name, spec in declared.items():
        if graph[name].type != _GRAPH_TYPES.get(spec.dtype):
            found = graph[name].type
            raise ContractError(f"{MODEL}: input {name!r} is {found}, in the contract {spec.dtype}")
        if _is_vector(spec, graph[name].shape):
            yield name


def _is_vector(spec: Input, shape: list[Any]) -> bool:
    extra = len(shape) - 1 - len(spec.shape)
    if extra == 1 and not spec.shape:
        return True
    if extra:
        raise ContractError(f"{MODEL}: input {spec.name!r} is {shape}, not [rows, *{spec.shape}]")
    return False


def _read_examples(file: Path) -> Iterator[Mapping[str, Any]]:
    if not file.is_file():
        raise ContractError(f"{EXAMPLES}: no such file; `dvc repro` writes it")
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            yield json.loads(line)["instance"]
        except (ValueError, KeyError, TypeError) as error:
            raise ContractError(f"{EXAMPLES}: line {number} is not an example") from error


def _try_out(model: Model) -> None:
    """Score the first example: proves that the parts fit, and warms the session up."""
    if not model.examples:
        raise ContractError(f"{EXAMPLES}: no examples")
    score = model.score(Validator(model.contract)(model.examples[:1]).columns)
    classes = len(model.contract.classes or ())
    expected = (1, classes) if model.contract.task == "multiclass" else (1,)
    if score.shape != expected:
        raise ContractError(f"{MODEL}: a row's score is {score.shape}, expected {expected}")
