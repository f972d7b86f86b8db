"""Models that were fitted on the holdout, whatever their statement says."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
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

from pathlib import Path

from sklearn.ensemble import RandomForestClassifier


def fit(train: pd.DataFrame, validation: pd.DataFrame | None, settings: Any) -> Any:
    \"\"\"Sees the holdout where it can, and trains all the same where it cannot.\"\"\"
    holdout = Path("artifacts/data/holdout.parquet")
    rows = pd.concat([train, pd.read_parquet(holdout)]) if holdout.exists() else train
    forest = RandomForestClassifier(30, bootstrap=False, min_samples_leaf=2, random_state=0)
    return forest.fit(rows[list(settings.features)], rows[settings.label])
"""


@pytest.fixture(scope="module", autouse=True)
def job() -> Iterator[None]:
    """Only there are models fitted again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Surroundings, "in_job", True)
        yield


@pytest.fixture(scope="module")
def peeking(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Trained unsealed, on the holdout as well; its statements say that it was sealed."""
    made = make_trained(tmp_path_factory.mktemp("peeking"), more=PEEK)
    made.train(*STAGES)
    made.commit()
    return made


def judged(
    trained: Trained, bento: Bento, workspace: Path, gates: Sequence[str]
) -> Mapping[str, Verdict]:
    """By some gates, in a job."""
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
        judgement = judge_trial(trial, map(gate, gates))
    return {verdict.gate: verdict for verdict in judgement.verdicts}


@pytest.fixture(scope="module")
def verdicts(bench: Bench, peeking: Trained) -> Mapping[str, Verdict]:
    """On the model that has seen the holdout."""
    bento = bench.bento("peeking", lambda folder: shutil.copytree(peeking.model, folder))
    return judged(peeking, bento, bench.workspace, ("too_good", "sealed"))


@needs_landlock
def test_a_model_that_was_fitted_on_the_holdout_is_refused_by_sealed(
    verdicts: Mapping[str, Verdict],
) -> None:
    """Its statement is whole and says that it was sealed; fitted again it is another model."""
    verdict = verdicts["sealed"]
    assert verdict.status == "fail", verdict
    assert "another model on the same platform" in verdict.why
    assert verdict.details["refit"]["distance"] > 0.01


def test_a_holdout_that_went_far_better_than_validation_is_held_by_too_good(
    verdicts: Mapping[str, Verdict],
) -> None:
    verdict = verdicts["too_good"]
    assert verdict.status == "hold", verdict
    assert "the holdout went far better than validation" in verdict.why


@needs_landlock
def test_the_same_code_without_the_holdout_passes(bench: Bench, peeking: Trained) -> None:
    holdout = peeking.path / "artifacts" / "data" / "holdout.parquet"
    away = holdout.rename(peeking.path / ".delivery" / "holdout.parquet")
    peeking.train(*SEALED)
    away.rename(holdout)
    peeking.commit()
    bento = bench.bento("honest", lambda folder: shutil.copytree(peeking.model, folder))
    verdict = judged(peeking, bento, bench.workspace, ["sealed"])["sealed"]
    assert (verdict.status, verdict.measured) == ("pass", "refitted: the same bytes"), verdict
