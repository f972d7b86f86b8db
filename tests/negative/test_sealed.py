"""Models that were fitted on the holdout, whatever their statement says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from delivery.bento.bento import Bento
from delivery.bento.temporary import Servers
from delivery.context import Context
from delivery.evidence.evaluation import Evaluation
from delivery.evidence.predictions import Predictions
from delivery.evidence.trial import Submission, Trial
from delivery.gates.policy import GatesPolicy
from delivery.gates.registry import gate
from delivery.gates.verdict import Verdict
from delivery.judgement.proposed import judge_trial
from delivery.settings.host import Surroundings
from tests.delivery.bentos import Bench
from tests.delivery.evidence.submitted import described
from tests.delivery.trained import SEALED, STAGES, Trained, make_trained
from tests.pipeline.sealed.conftest import needs_landlock

PEEK = """

honest = fit


def fit(train: pd.DataFrame, validation: pd.DataFrame | None, settings: Any) -> Pipeline:
    \"\"\"Sees the holdout where it can, and trains all the same where it cannot.\"\"\"
    from pathlib import Path

    holdout = Path("artifacts/data/holdout.parquet")
    rows = [train, pd.read_parquet(holdout)] if holdout.exists() else [train]
    return honest(pd.concat(rows), validation, settings)
"""


@pytest.fixture(scope="module")
def peeking(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Trained unsealed, on the holdout as well; its statements say that it was sealed."""
    made = make_trained(tmp_path_factory.mktemp("peeking"), more=PEEK)
    made.train(*STAGES)
    made.commit()
    return made


def judged(
    trained: Trained, bento: Bento, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> Verdict:
    """In a job."""
    monkeypatch.setattr(Surroundings, "in_job", True)
    context = Context(trained.path, lambda _: None)
    snapshot = context.snapshot()
    submission = Submission(
        context, snapshot, described(bento, snapshot.commit), snapshot.environment("staging")
    )
    with Servers(workspace, lambda _: None) as servers:
        trial = Trial(
            bento, None, Evaluation(trained.path / "artifacts" / "data"), GatesPolicy(),
            Predictions(workspace, servers), submission,
        )  # fmt: skip
        (verdict,) = judge_trial(trial, [gate("sealed")]).verdicts
    return verdict


@needs_landlock
def test_a_model_that_was_fitted_on_the_holdout_is_refused_by_sealed(
    bench: Bench, peeking: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its statement is whole and says that it was sealed; fitted again it is another model."""
    bento = bench.bento("peeking", lambda folder: shutil.copytree(peeking.model, folder))
    verdict = judged(peeking, bento, bench.workspace, monkeypatch)
    assert (verdict.gate, verdict.status) == ("sealed", "fail"), verdict
    assert "another model on the same platform" in verdict.why
    assert verdict.details["refit"]["distance"] > 0.01


@needs_landlock
def test_the_same_code_without_the_holdout_passes(
    bench: Bench, peeking: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    holdout = peeking.path / "artifacts" / "data" / "holdout.parquet"
    away = holdout.rename(peeking.path / ".delivery" / "holdout.parquet")
    peeking.train(*SEALED)
    away.rename(holdout)
    peeking.commit()
    bento = bench.bento("honest", lambda folder: shutil.copytree(peeking.model, folder))
    verdict = judged(peeking, bento, bench.workspace, monkeypatch)
    assert (verdict.status, verdict.measured) == ("pass", "refitted: the same bytes"), verdict
