"""Ask the candidate for what its author and the champion's author expect of it."""

from __future__ import annotations

from pathlib import Path

import orjson

from delivery.errors import HeldError
from delivery.evidence.trial import Trial
from delivery.gates.numbers.bootstrap import Floats
from delivery.gates.quality.behaviour import Asked, Evidence
from serving.contract import BEHAVIOURS, Behaviour, Contract
from serving.strict import DocumentError, parse


def gather(trial: Trial) -> Evidence:
    """The candidate's answers to its own behaviours and to those that it dropped or changed."""
    try:
        own = read_behaviours(trial.bento.model)
        others = read_behaviours(trial.champion.model) if trial.champion else ()
    except HeldError as error:
        return Evidence(None, str(error))
    dropped = tuple(behaviour for behaviour in others if behaviour not in own)
    wanted = ((own, False), (dropped, True))
    return Evidence(
        tuple(
            _ask(trial, Asked(behaviour, None, dropped=is_dropped))
            for behaviours, is_dropped in wanted
            for behaviour in behaviours
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
    behaviours = []
    for number, line in enumerate(file.read_bytes().splitlines(), start=1):
        try:
            behaviours.append(parse(Behaviour, orjson.loads(line), source=f"{file}, line {number}"))
        except (orjson.JSONDecodeError, DocumentError) as error:
            raise HeldError(f"{file}, line {number} is no behaviour: {error}") from error
    return tuple(behaviours)


def _ask(trial: Trial, question: Asked) -> Asked:
    behaviour, contract = question.behaviour, trial.bento.contract
    if behaviour.of is not None and behaviour.of not in (contract.classes or ()):
        return Asked(behaviour, None, f"the model has no class {behaviour.of!r}", question.dropped)
    try:
        answers = trial.predictions.rows(trial.bento, [dict(row) for row in behaviour.rows])
    except HeldError as error:
        return Asked(behaviour, None, str(error), question.dropped)
    scores = _of(answers, contract, behaviour.of)
    return Asked(behaviour, tuple(float(score) for score in scores), dropped=question.dropped)


def _of(answers: Floats, contract: Contract, name: str | None) -> Floats:
    """The score that a behaviour is about."""
    if name is None or contract.classes is None:
        return answers if answers.ndim == 1 else answers[:, -1]
    place = contract.classes.index(name)
    if contract.task == "binary":
        return answers if place == 1 else 1 - answers
    picked: Floats = answers[:, place]
    return picked
