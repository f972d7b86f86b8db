"""Ask the candidate for what its author and the champion's author expect of it."""

from __future__ import annotations

from pathlib import Path

import orjson

from delivery.bento.temporary import Subject
from delivery.errors import HeldError
from delivery.evidence.predictions import Interview
from delivery.gates.numbers.bootstrap import Floats
from delivery.gates.quality.behaviour import Asked, Evidence
from serving.contract import BEHAVIOURS, Behaviour, Contract, ContractError, parse, read_contract


def evidence(desk: Interview, candidate: Subject, champion: Subject | None) -> Evidence:
    """The candidate's answers to its own behaviours and to those that it dropped or changed."""
    try:
        own = read_behaviours(candidate.model)
        others = read_behaviours(champion.model) if champion else ()
    except HeldError as error:
        return Evidence(None, str(error))
    contract = read_contract(candidate.model)
    dropped = tuple(one for one in others if one not in own)
    wanted = ((own, False), (dropped, True))
    return Evidence(
        tuple(
            _ask(desk, candidate, contract, Asked(one, None, dropped=is_dropped))
            for behaviours, is_dropped in wanted
            for one in behaviours
        )
    )


def read_behaviours(model: Path) -> tuple[Behaviour, ...]:
    """What the model folder declares; nothing where it has no such file.

    Raises:
        HeldError: it cannot be read; names the line.
    """
    file = model / BEHAVIOURS
    if not file.exists():
        return ()
    found = []
    for number, line in enumerate(file.read_bytes().splitlines(), start=1):
        try:
            found.append(parse(Behaviour, orjson.loads(line), source=f"{file}, line {number}"))
        except (orjson.JSONDecodeError, ContractError) as error:
            raise HeldError(f"{file}, line {number} is no behaviour: {error}") from error
    return tuple(found)


def _ask(desk: Interview, subject: Subject, contract: Contract, asked: Asked) -> Asked:
    one = asked.behaviour
    if one.of is not None and one.of not in (contract.classes or ()):
        return Asked(one, None, f"the model has no class {one.of!r}", asked.dropped)
    try:
        answers = desk.rows(subject, [dict(row) for row in one.rows])
    except HeldError as error:
        return Asked(one, None, str(error), asked.dropped)
    scores = _of(answers, contract, one.of)
    return Asked(one, tuple(float(score) for score in scores), dropped=asked.dropped)


def _of(answers: Floats, contract: Contract, name: str | None) -> Floats:
    """The score that a behaviour is about."""
    if name is None or contract.classes is None:
        return answers if answers.ndim == 1 else answers[:, -1]
    place = contract.classes.index(name)
    if contract.task == "binary":
        return answers if place == 1 else 1 - answers
    picked: Floats = answers[:, place]
    return picked
