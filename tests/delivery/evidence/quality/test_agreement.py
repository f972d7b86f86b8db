"""What both releases make of the sample, and where nobody is asked."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from delivery.bento.batch import Outcome, Scoring
from delivery.errors import TargetError
from delivery.evidence.quality import agreement
from delivery.settings.policy import BatchTargetSettings, EnvironmentSettings, LocalTargetSettings
from serving.settings.service import ServingSettings
from tests.delivery.gates.rollout.test_shadow import made
from tests.serving.tiny import tiny_contract

BATCH = BatchTargetSettings(kind="batch", sample="recent/")


def trial(tmp_path: Path, target: Any = BATCH, champion: str | None = "r-1") -> Any:
    """One whose bentos are names."""

    def bento(name: str) -> Any:
        return SimpleNamespace(id=name, contract=tiny_contract())

    environment = SimpleNamespace(
        settings=EnvironmentSettings(target=target), serving=ServingSettings()
    )
    checkout = SimpleNamespace(workspace=tmp_path)
    return SimpleNamespace(
        bento=bento("r-2"),
        champion=champion and bento(champion),
        submission=SimpleNamespace(environment=environment, checkout=checkout),
        predictions=SimpleNamespace(progress=lambda _: None),
        flips=0.125,
    )


def test_both_score_the_sample_with_the_column_of_the_clusters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, Scoring]] = []

    def score(bento: Any, scoring: Scoring, *_: object) -> Outcome:
        calls.append((bento.id, scoring))
        return Outcome(None, None)

    monkeypatch.setattr(agreement, "score", score)
    monkeypatch.setattr(agreement, "batch_pairs", lambda *_: made())
    evidence = agreement.gather(trial(tmp_path))
    assert evidence is not None
    assert evidence.pairs is not None
    assert evidence.pairs.expected_flips == 0.125, "as the holdout has shown"
    assert [name for name, _ in calls] == ["r-1", "r-2"]
    for _, scoring in calls:
        assert (scoring.input, scoring.columns, scoring.max_refused) == ("recent/", ("day",), 1.0)
    assert calls[0][1].output != calls[1][1].output


def test_a_sample_that_cannot_be_scored_is_missing_evidence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failure = TargetError("recent/: no such folder")
    monkeypatch.setattr(agreement, "score", lambda *_: Outcome(None, failure))
    evidence = agreement.gather(trial(tmp_path))
    assert evidence is not None
    assert (evidence.pairs, evidence.missing) == (None, "recent/: no such folder")


def test_nobody_is_asked_where_a_service_runs_or_no_champion_is(tmp_path: Path) -> None:
    local = LocalTargetSettings(kind="local", port=7000)
    assert agreement.gather(trial(tmp_path, local)) is None
    assert agreement.gather(trial(tmp_path, champion=None)) is None
