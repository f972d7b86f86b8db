"""The answers of a bento to its own examples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from delivery.bento.batch import score_file
from delivery.bento.bento import Bento
from delivery.bento.client import read_examples, score_rows
from delivery.errors import HeldError, RefusedError, TargetError
from delivery.evidence.live import Live
from delivery.evidence.trial import Trial
from delivery.gates.numbers.bootstrap import Floats
from delivery.gates.service.parity import Evidence
from serving.contract import EXAMPLES
from serving.examples import Example

Rows = Sequence[dict[str, Any]]


def gather(trial: Trial) -> Evidence:
    """Through a temporary server."""
    try:
        return _answered(trial.bento, lambda rows: trial.predictions.rows(trial.bento, rows))
    except HeldError as error:
        return Evidence((), None, None, str(error))


def observe(live: Live) -> Evidence:
    """From the instance itself, or by scoring a file where none runs; nothing that is live is
    answered from a cache."""
    ask = partial(score_rows, live.url) if live.url else partial(score_file, live.bento, live.envs)
    try:
        return _answered(live.bento, ask)
    except (HeldError, RefusedError, TargetError) as error:
        return Evidence((), None, None, str(error))


def _answered(bento: Bento, ask: Callable[[Rows], Floats]) -> Evidence:
    examples = read_examples(bento.model)
    return compared(examples, ask([example.instance for example in examples]))


def compared(examples: Sequence[Example], answered: Floats) -> Evidence:
    """Examples and what a bento answered to them; predictions of unequal length are none."""
    instances = [example.instance for example in examples]
    try:
        expected = np.array([example.prediction for example in examples], dtype=np.float64)
    except (TypeError, ValueError) as error:
        return Evidence(instances, None, None, f"{EXAMPLES} is uneven: {error}")
    return Evidence(instances, expected, answered)
