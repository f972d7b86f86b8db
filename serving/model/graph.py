"""The ONNX graph of a model folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnxruntime as ort

from serving.contract import MODEL, SCORE, Contract, Input
from serving.errors import ScoreError
from serving.model.compute import open_session, providers_of
from serving.rows.column import Array
from serving.settings.policy import Compute
from serving.strict import DocumentError

DEFAULT = Compute()
_TYPES = {
    "float32": "tensor(float)",
    "float64": "tensor(double)",
    "int64": "tensor(int64)",
    "bool": "tensor(bool)",
    "string": "tensor(string)",
}


@dataclass(frozen=True)
class Graph:
    """An engine that answers `output`. `vectors` are the inputs that the graph takes as
    [rows, 1]."""

    session: ort.InferenceSession
    vectors: frozenset[str]
    output: str = SCORE

    @property
    def providers(self) -> tuple[str, ...]:
        """What computes it."""
        return providers_of(self.session)

    def __call__(self, columns: Mapping[str, Array]) -> Array:
        feeds = dict(columns)
        for name in self.vectors:
            feeds[name] = feeds[name].reshape(-1, 1)
        try:
            score: Array = self.session.run([self.output], feeds)[0]
        except Exception as error:  # ONNX Runtime's errors share no other base class
            raise ScoreError(f"the model cannot score these rows: {error}") from error
        return score


@dataclass(frozen=True)
class Part:
    """A file of a model folder and the output that is asked of it."""

    name: str = MODEL
    output: str = SCORE


WHOLE = Part()


def load_graph(
    folder: Path, contract: Contract, compute: Compute = DEFAULT, part: Part = WHOLE
) -> Graph:
    """The graph `part` in `folder`; DocumentError if it cannot be loaded or does not fit."""
    session = open_session(folder / part.name, compute)
    try:
        return Graph(session, frozenset(_vectors(contract, session, part.output)), part.output)
    except DocumentError as error:
        raise DocumentError(f"{part.name}: {error}") from error


def _vectors(contract: Contract, session: ort.InferenceSession, output: str) -> Iterator[str]:
    """Names of the inputs that the graph takes as [rows, 1]; DocumentError on a misfit."""
    graph = {node.name: node for node in session.get_inputs()}
    declared = {spec.name: spec for spec in contract.inputs}
    if missing := sorted(graph.keys() ^ declared.keys()):
        side = "contract" if missing[0] in graph else "graph"
        raise DocumentError(f"input {missing[0]!r} is not in the {side}")
    if output not in {node.name for node in session.get_outputs()}:
        raise DocumentError(f"no output is called {output!r}")
    for name, spec in declared.items():
        if graph[name].type != _TYPES.get(spec.dtype):
            actual = graph[name].type
            raise DocumentError(f"input {name!r} is {actual}, in the contract {spec.dtype}")
        if _is_vector(spec, graph[name].shape):
            yield name


def _is_vector(spec: Input, shape: list[Any]) -> bool:
    extra = len(shape) - 1 - len(spec.shape)
    if extra == 1 and not spec.shape:
        return True
    if extra:
        raise DocumentError(f"input {spec.name!r} is {shape}, not [rows, *{spec.shape}]")
    return False
