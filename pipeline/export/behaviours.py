"""What the fork expects of its model, `model.behaviours()`, written down for the gate."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pipeline.errors import PipelineError
from pipeline.trained.user_model import user_model
from serving.contract import BEHAVIOURS, Behaviour, Contract
from serving.strict import DocumentError, parse

ADVICE = "Mend it and run `dvc repro`; docs/model.md shows what a behaviour looks like."


def write(folder: Path, contract: Contract) -> None:
    """Write behaviours.jsonl into the model folder, if `model/` declares any.

    Raises:
        PipelineError: one is malformed, or its rows do not fit the contract.
    """
    declare = getattr(user_model(), "behaviours", None)
    if declare is None:
        return
    behaviours = checked(declare(), contract)
    lines = (
        json.dumps(behaviour.model_dump(mode="json", exclude_none=True), ensure_ascii=False)
        for behaviour in behaviours
    )
    (folder / BEHAVIOURS).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def checked(declared: Iterable[Mapping[str, Any]], contract: Contract) -> list[Behaviour]:
    """The behaviours, if each is one and all of its rows are requests."""
    behaviours: list[Behaviour] = []
    for number, content in enumerate(declared, start=1):
        where = f"model.behaviours(), number {number}"
        try:
            behaviour = parse(Behaviour, content, source=where)
        except DocumentError as error:
            raise PipelineError(f"{error}. {ADVICE}") from error
        problem = _problem(behaviour, contract)
        if behaviour.name in {other.name for other in behaviours}:
            problem = "another one has the same name"
        if problem:
            raise PipelineError(f"{where}, {behaviour.name!r}: {problem}. {ADVICE}")
        behaviours.append(behaviour)
    return behaviours


def _problem(behaviour: Behaviour, contract: Contract) -> str:
    known = {spec.name: spec for spec in contract.inputs}
    if behaviour.of is not None and behaviour.of not in (contract.classes or ()):
        return f"of: {behaviour.of!r} is no class of the model"
    if behaviour.of is None and contract.task == "multiclass":
        return "of: with several classes it has to say which one is meant"
    for row in behaviour.rows:
        unknown = sorted(row.keys() - known.keys())
        if unknown:
            return f"{unknown[0]!r} is no feature"
        needed = (spec.name for spec in contract.inputs if not spec.nullable)
        lacking = [name for name in needed if row.get(name) is None]
        if lacking:
            return f"a row has no {lacking[0]!r}, which may not be missing"
    return ""
