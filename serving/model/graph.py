"""The ONNX graph of a model folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import onnxruntime as ort

from serving.contract import MODEL, SCORE, Contract, Input
from serving.errors import ScoreError
from serving.model.compute import NAMES, open_session, providers_of
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
    [rows, 1]; they may come so, or as [rows]."""

    session: ort.InferenceSession
    vectors: frozenset[str]
    output: str = SCORE

    @property
    def providers(self) -> tuple[str, ...]:
        """What computes it."""
        return providers_of(self.session)

    def __call__(self, columns: Mapping[str, Array]) -> Array:
        try:
            score: Array = self._run([self.output], self._feeds(columns), None)[0]
        except Exception as error:  # ONNX Runtime's errors share no other base class
            raise ScoreError(f"the model cannot score these rows: {error}") from error
        return score

    def _feeds(self, columns: Mapping[str, Array]) -> dict[str, Array]:
        feeds = dict(columns)
        for name in self.vectors:
            if feeds[name].ndim == 1:
                feeds[name] = feeds[name].reshape(-1, 1)
        return feeds

    @cached_property
    def _run(self) -> Callable[..., Any]:
        """What runs the session. `session.run` checks at each call what was checked when the graph
        was loaded, and goes on without a device that fails. On a CPU the session inside of it does
        the same for less; it is not public, so another version may be without."""
        on_cpu = self.session.get_providers() == [NAMES["cpu"]]
        session = getattr(self.session, "_sess", self.session) if on_cpu else self.session
        run: Callable[..., Any] = session.run
        return run


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
