"""Models that were fitted on the holdout, whatever their statement says."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir
from dataclasses import replace
from pathlib import Path

import pytest

from delivery.bento.bento import Bento
from delivery.bento.temporary import Servers
from delivery.ci.handoff import Packed, pack, unpack
from delivery.commands.retrain import train
from delivery.context import Context
from delivery.evidence.evaluation import Evaluation
from delivery.evidence.predictions import Predictions
from delivery.evidence.trial import Submission, Trial
from delivery.gates.policy import GatesPolicy
from delivery.gates.registry import gate
from delivery.gates.verdict import Verdict
from delivery.judgement.proposed import judge_trial
from delivery.release import training
from delivery.release.training import Training, lock_sha256, read_receipt
from delivery.retraining.attestation import attestation
from delivery.settings.host import Surroundings
from delivery.storage.dvc import opened
from delivery.trust.keys import own_key
from tests.delivery.bentos import Bench
from tests.delivery.evidence.submitted import described
from tests.delivery.trained import SEALED, STAGES, Trained, make_trained
from tests.origin import copy_origin
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
    return judged(
        peeking, bento_of(bench, peeking, "peeking"), bench.workspace, ("too_good", "sealed")
    )


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


@pytest.fixture
def copy(peeking: Trained, tmp_path: Path) -> Trained:
    """Of it, for one test: where another machine starts from."""
    return Trained(copy_origin(peeking.path.parent, tmp_path))


def packed_in(checkout: Trained, folder: Path) -> Packed:
    """What a job that trained hands to the next."""
    context = Context(checkout.path, lambda _: None)
    pack(context, folder)
    return unpack(context, folder)


def forged(checkout: Trained, packed: Packed) -> Packed:
    """With receipts, as an engine writes them that says it seals and does not."""
    folder = checkout.path / "artifacts" / "sealed"
    files = {stage: folder / f"{stage}.json" for stage in training.STAGES}
    receipts = {s: read_receipt(json.loads(file.read_text()), s) for s, file in files.items()}
    return replace(packed, receipts=receipts)


def with_its_run_cache(checkout: Trained) -> str:
    """Main before its first training, in a place whose cache has one of elsewhere; the commit."""
    with chdir(checkout.path), opened(checkout.path) as repo:
        for stage in repo.index.stages:
            repo.stage_cache.save(stage)
    (checkout.path / "dvc.lock").unlink()
    shutil.rmtree(checkout.path / "artifacts")
    remote = f"['remote \"store\"']\n    url = {checkout.path.parent}/remote\n"
    return checkout.origin.push({".dvc/config": f"[core]\n    remote = store\n{remote}"})


def bento_of(bench: Bench, checkout: Trained, name: str) -> Bento:
    return bench.bento(name, lambda folder: shutil.copytree(checkout.model, folder))


@needs_landlock
def test_a_training_sealed_by_a_pull_requests_code_is_refused_by_sealed(
    bench: Bench, copy: Trained, tmp_path: Path
) -> None:
    """Its engine says that it seals. Nobody signs that for it, and its author's word is none."""
    packed = forged(copy, packed_in(copy, tmp_path / "packed"))
    mine = copy.origin.push({"pipeline/sealed/seal.py": "held = ['files']\n"}, branch="mine")
    told: list[str] = []
    assert attestation(Context(copy.path, told.append), packed, mine) == {}
    assert "changes pipeline/sealed/seal.py" in told[-1]
    pem = own_key({"XDG_DATA_HOME": str(tmp_path / "author")}, make=True)
    assert pem is not None
    said = Training(commit=mine, lock=lock_sha256(packed.lock), stages=packed.receipts)
    copy.origin.push({training.FILE: said.signed(pem)})
    verdict = judged(copy, bento_of(bench, copy, "peeking"), bench.workspace, ["sealed"])["sealed"]
    assert verdict.status == "fail", verdict
    assert "may sign no trainings" in verdict.why


@needs_landlock
def test_a_run_cache_restored_from_elsewhere_is_refused_by_sealed(
    bench: Bench, copy: Trained, tmp_path: Path
) -> None:
    """DVC gives back model and statements without a run. Main's job signs nothing of that."""
    main = with_its_run_cache(copy)
    dvc = [sys.executable, "-m", "dvc", "repro", "--quiet"]
    subprocess.run(dvc, cwd=copy.path, check=True, timeout=120)
    told: list[str] = []
    packed = packed_in(copy, tmp_path / "packed")
    assert attestation(Context(copy.path, told.append), packed, main) == {}
    assert "train and export did not run" in told[-1]
    copy.origin.push({})
    verdict = judged(copy, bento_of(bench, copy, "peeking"), bench.workspace, ["sealed"])["sealed"]
    assert verdict.status == "fail", verdict


@needs_landlock
def test_a_training_that_main_sealed_is_attested_whatever_the_cache_holds(
    bench: Bench, copy: Trained, tmp_path: Path
) -> None:
    """The same cache, and the job that retrains: it runs every stage, and `fit` sees no holdout."""
    peeked = bento_of(bench, copy, "peeking")
    main = with_its_run_cache(copy)
    context = Context(copy.path, lambda _: None)
    train(context, [])
    signed = attestation(context, packed_in(copy, tmp_path / "packed"), main)
    copy.origin.push(dict(signed))
    bento = bento_of(bench, copy, "attested")
    verdict = judged(copy, bento, bench.workspace, ["sealed"])["sealed"]
    assert (verdict.status, verdict.measured) == ("pass", "attested by this machine"), verdict
    verdict = judged(copy, peeked, bench.workspace, ["sealed"])["sealed"]
    assert "another artifacts/model/model.onnx" in verdict.why, verdict


@needs_landlock
def test_the_same_code_without_the_holdout_passes(bench: Bench, copy: Trained) -> None:
    holdout = copy.path / "artifacts" / "data" / "holdout.parquet"
    away = holdout.rename(copy.path / ".delivery" / "holdout.parquet")
    copy.train(*SEALED)
    away.rename(holdout)
    copy.commit()
    bento = bento_of(bench, copy, "honest")
    verdict = judged(copy, bento, bench.workspace, ["sealed"])["sealed"]
    assert (verdict.status, verdict.measured) == ("pass", "refitted: the same bytes"), verdict
