"""Look at every file of a bento: the evidence for the gate `artefact`. Loads and runs nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from delivery.bento.digest import file_hashes
from delivery.evidence.trial import Trial
from delivery.gates.supply_chain.artefact import Evidence, Flaw, Graph
from delivery.release.candidate import Candidate
from delivery.scanners.code import BANDIT
from serving.contract import PREDICTOR
from serving.model.pickles import suspect

MODEL = "src/artifacts/model"
OWN_DOMAIN = "ai.onnx"  # written as "" in graphs
SECONDS = 120
COMPILED = frozenset({".so", ".pyd", ".dll", ".dylib", ".pyc", ".pyo"})


def gather(trial: Trial) -> Evidence:
    """Everything in the candidate's bento."""
    return inspect(trial.submitted.candidate)


def inspect(candidate: Candidate) -> Evidence:
    """Everything in a bento, of a candidate or of a release."""
    return scan(candidate.bento.path, executes_code=candidate.contract.runtime == "python")


def scan(bento: Path, *, executes_code: bool) -> Evidence:
    """What is in `bento`; code is looked at where the model is code."""
    names = list(file_hashes(bento))  # refuses symlinks and special files
    graphs = tuple(_graph(bento, name) for name in names if name.endswith(".onnx"))
    predictor = bento / MODEL / PREDICTOR
    code: tuple[Flaw, ...] | None = None
    missing = ""
    if executes_code:
        code, missing = _flaws(predictor)
    return Evidence(
        sizes={name: (bento / name).stat().st_size for name in names},
        opaque={name: what for name in names if (what := opaque(bento / name))},
        graphs=graphs,
        code=code,
        missing=missing,
    )


def opaque(file: Path) -> str:
    """What `file` is that must not be in a bento; empty if nothing speaks against it."""
    suffix = file.suffix.lower()
    if suffix in COMPILED:
        return f"compiled code (*{suffix}), which nobody can look into"
    return suspect(file)


def _graph(bento: Path, name: str) -> Graph:
    import onnx
    from google.protobuf.message import DecodeError

    file = bento / name
    try:
        model = onnx.load(file, load_external_data=False)
    except DecodeError as error:
        return Graph(name, f"it cannot be read ({error})", {})
    problem = ""
    try:
        onnx.checker.check_model(str(file))
    except (onnx.checker.ValidationError, ValueError) as error:
        problem = (str(error).strip().splitlines() or ["the checker refuses it"])[0]
    own = {(function.domain, function.name) for function in model.functions}
    bodies = [model.graph.node, *(function.node for function in model.functions)]
    domains: dict[str, str] = {}
    for body in bodies:
        for node in _nodes(body):
            if (node.domain, node.op_type) not in own:
                domains.setdefault(node.domain or OWN_DOMAIN, node.op_type)
    external = dict.fromkeys(_external(model))
    return Graph(name, problem, domains, tuple(external))


def _nodes(nodes: Any) -> Iterator[Any]:
    """All nodes, those of subgraphs too."""
    for node in nodes:
        yield node
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs):
                yield from _nodes(graph.node)


def _external(model: Any) -> Iterator[str]:
    """The locations of all tensors that lie outside the file."""
    from onnx.external_data_helper import _get_all_tensors, uses_external_data

    for tensor in _get_all_tensors(model):
        if uses_external_data(tensor):
            yield from (entry.value for entry in tensor.external_data if entry.key == "location")


def _flaws(folder: Path) -> tuple[tuple[Flaw, ...] | None, str]:
    """What bandit finds in the code of a model, or None and why there is nothing."""
    if not folder.is_dir():
        return None, f"the model is code, and {PREDICTOR}/ is not there"
    done = subprocess.run(
        [sys.executable, "-m", "bandit", *BANDIT, "-r", "."],
        cwd=folder, capture_output=True, text=True, check=False, timeout=SECONDS,
    )  # fmt: skip
    try:
        report = json.loads(done.stdout)
    except ValueError:
        return None, f"bandit gave no report: {done.stderr[-300:].strip()}"
    if report["errors"]:
        first = report["errors"][0]
        return None, f"bandit cannot read {first['filename']}: {first['reason']}"
    return tuple(
        Flaw(
            f"{PREDICTOR}/{Path(item['filename']).as_posix()}:{item['line_number']}",
            item["issue_severity"].lower(),
            f"{item['issue_text']} [{item['test_id']}]",
        )
        for item in report["results"]
    ), ""
