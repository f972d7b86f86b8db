"""What the candidate and the champion make of the sample of an environment without a service."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from delivery.bento.batch import Scoring, score
from delivery.bento.bento import Bento
from delivery.errors import DeliveryError
from delivery.evidence.reported.batch_pairs import batch_pairs
from delivery.evidence.trial import Trial
from delivery.gates.quality.agreement import Evidence
from delivery.settings.policy import BatchTargetSettings


def gather(trial: Trial) -> Evidence | None:
    """None where a service runs, and where there is no champion to compare with."""
    if trial.submission is None or trial.champion is None:
        return None
    environment = trial.submission.environment
    target = environment.settings.target
    if not isinstance(target, BatchTargetSettings):
        return None
    cluster = trial.champion.contract.roles.cluster
    scoring = Scoring(
        target.sample,
        output="",
        columns=(cluster,) if cluster else (),
        text_length=environment.serving.limits.text_length,
        max_refused=1.0,
    )
    envs = trial.submission.checkout.workspace / "envs"
    trial.predictions.progress(f"scoring {target.sample} with both releases")
    try:
        with tempfile.TemporaryDirectory() as folder:
            ours, theirs = (
                _scored(bento, replace(scoring, output=f"{folder}/{bento.id}"), envs)
                for bento in (trial.champion, trial.bento)
            )
            contracts = trial.champion.contract, trial.bento.contract
            pairs = batch_pairs(ours, theirs, *contracts)
    except DeliveryError as error:
        return Evidence(None, str(error))
    return Evidence(replace(pairs, expected_flips=trial.flips))


def _scored(bento: Bento, scoring: Scoring, envs: Path) -> str:
    """Where the results are."""
    outcome = score(bento, scoring, envs, lambda _: None)
    if outcome.failure is not None:
        raise outcome.failure
    return scoring.output
