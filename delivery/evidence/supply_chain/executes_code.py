"""Is a model code, and may code run where it would go?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from delivery.gates.supply_chain.executes_code import Evidence
from delivery.settings.policy import Environment
from delivery.state.history import Attempt
from delivery.state.record import Record

if TYPE_CHECKING:
    from delivery.evidence.trial import Trial


def gather(trial: Trial) -> Evidence:
    """By main's policy for the environment that the candidate would go to."""
    executes_code = trial.submitted.candidate.contract.runtime == "python"
    return _evidence(trial.submitted.environment, executes_code)


def admit(attempt: Attempt, record: Record) -> Evidence:
    """By the record of what main wants there."""
    return _evidence(attempt.environment, record.executes_code)


def _evidence(environment: Environment, executes_code: bool) -> Evidence:
    return Evidence(environment.name, executes_code, environment.settings.executes_code)
