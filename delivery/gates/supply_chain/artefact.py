"""A bento must hold nothing that runs code on loading, or that nobody could look into.

No pickle anywhere. A graph only of operators that ONNX itself defines, whole, and with its data
beside it. Where a model is code by intent, that code is scanned instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from pydantic import Field

from delivery.gates.verdict import Verdict, listed
from serving.strict import Strict

GATE = "artefact"
Severity = Literal["low", "medium", "high"]
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high")


class Policy(Strict):
    """`domains` are those that operators may come from; `ai.onnx` is ONNX's own. A bento has at
    most `max_mb` MB (10⁶ bytes) in `max_files` files. Code is refused for findings of
    `code_severity` and above."""

    domains: tuple[str, ...] = ("ai.onnx", "ai.onnx.ml")
    max_mb: float = Field(default=500.0, gt=0)
    max_files: int = Field(default=1_000, ge=1)
    code_severity: Severity = "medium"


@dataclass(frozen=True)
class Graph:
    """One ONNX file: what the checker objects to (empty: nothing), operator domain → one operator
    of it, and the paths of its external data, as written in it."""

    path: str
    problem: str
    domains: Mapping[str, str]
    external: tuple[str, ...] = ()


@dataclass(frozen=True)
class Flaw:
    """One finding of the code scanner: where, how severe and what."""

    where: str
    severity: Severity
    text: str


@dataclass(frozen=True)
class Evidence:
    """`sizes` in bytes by path in the bento; `opaque` says of a file what it is that must not be
    there; `code` is None where a model is no code."""

    sizes: Mapping[str, int]
    opaque: Mapping[str, str]
    graphs: tuple[Graph, ...]
    code: tuple[Flaw, ...] | None = None
    missing: str = ""


def judge(evidence: Evidence, policy: Policy) -> Verdict:
    """Pass if nothing in the bento is refused."""
    megabytes = sum(evidence.sizes.values()) / 1e6
    measured = f"{len(evidence.sizes)} files, {megabytes:.1f} MB, {len(evidence.graphs)} graphs"
    required = f"no pickle; operators of {', '.join(policy.domains)}; at most {policy.max_mb:g} MB"
    if evidence.missing or not (evidence.graphs or evidence.code is not None):
        why = evidence.missing or "there is neither a graph nor a predictor to look at"
        return Verdict(GATE, "hold", measured, required, why)
    problems = [*_problems(evidence, policy, megabytes)]
    details = {"problems": problems}
    if problems:
        return Verdict(GATE, "fail", measured, required, listed(problems), details)
    return Verdict(GATE, "pass", measured, required, "nothing in it is refused", details)


def _problems(evidence: Evidence, policy: Policy, megabytes: float) -> Iterator[str]:
    for path, what in sorted(evidence.opaque.items()):
        yield f"{path} is {what}"
    for graph in evidence.graphs:
        yield from _graph(graph, evidence.sizes, policy)
    least = SEVERITIES.index(policy.code_severity)
    for flaw in evidence.code or ():
        if SEVERITIES.index(flaw.severity) >= least:
            yield f"{flaw.where}: {flaw.text} ({flaw.severity})"
    if not megabytes <= policy.max_mb:
        yield f"{megabytes:.1f} MB are too many"
    if len(evidence.sizes) > policy.max_files:
        yield f"{len(evidence.sizes)} files are more than {policy.max_files}"


def _graph(graph: Graph, sizes: Mapping[str, int], policy: Policy) -> Iterator[str]:
    for domain, operator in sorted(graph.domains.items()):
        if domain not in policy.domains:
            yield f"{graph.path} uses operator {operator} of domain {domain}"
    folder = PurePosixPath(graph.path).parent
    for location in graph.external:
        path = PurePosixPath(location)
        if path.is_absolute() or ".." in path.parts or "\\" in location:
            yield f"{graph.path} takes data from {location}, outside its folder"
        elif str(folder / path) not in sizes:
            yield f"{graph.path} takes data from {location}, which is not there"
    if graph.problem:
        yield f"{graph.path} is no valid graph: {graph.problem}"
