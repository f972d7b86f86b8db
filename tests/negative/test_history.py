"""What only the history on origin can tell, by the way that every command judges."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from delivery.bento.bento import Bento
from delivery.bento.digest import content_sha256
from delivery.context import Context
from delivery.evidence.quality.holdout_reuse import look
from delivery.evidence.trial import Submission
from delivery.gates.registry import gates_at
from delivery.judgement import proposed
from delivery.release.candidate import Candidate
from delivery.settings.overrides import NO_OVERRIDES, Overrides
from delivery.state.desired import Desired, ReleaseRef, desired_path, evidence_path, render_desired
from delivery.state.record import record_path, render_record
from tests.delivery.bentos import POLICY, Bench, splits, tiny, write_splits
from tests.delivery.released import make_candidate
from tests.negative.test_quality import only
from tests.origin import Origin, record
from tests.serving.tiny import ROLES, tiny_frame, write_tiny_model

SETTINGS = json.dumps(
    {
        "environments": {"production": {"target": {"kind": "local", "port": 7102}}},
        "gates": POLICY.model_dump(mode="json"),
    }
)


@pytest.fixture(autouse=True)
def no_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The candidates of these tests were made from no commit, so no dvc.lock names their files."""
    for gatherer in ("quality.too_good", "supply_chain.training.statements"):
        monkeypatch.setattr(f"delivery.evidence.{gatherer}.outputs", lambda *_: {})


@pytest.fixture
def candidate(bench: Bench, better: Bento) -> Candidate:
    return make_candidate(bench, better)


@pytest.fixture(autouse=True)
def data_of_every_commit(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proposed, "fetch_splits", lambda *_, **__: data)
    # Those of the supply chain have controls of their own.
    gates = [gate for gate in gates_at("promote") if gate.kind != "supply_chain"]
    monkeypatch.setattr(proposed, "gates_at", lambda *_, **__: gates)


def released(origin: Origin, release: Bento, judged: dict[str, object]) -> None:
    """Proposed with this evidence, merged and verified in production."""
    sha256 = content_sha256(release.path)
    found = record(release.id).model_copy(update={"bento_sha256": sha256})
    files = {
        desired_path("production"): render_desired(Desired(ReleaseRef(release.id, sha256))),
        evidence_path("production"): json.dumps({"release": release.id, "judged": judged}),
        record_path(release.id): render_record(found),
    }
    attempt = origin.push(files)
    origin.happened("production", attempt, "verified", release.id)


def test_the_sixth_look_at_one_holdout_is_held_by_holdout_reuse(
    bench: Bench,
    candidate: Candidate,
    data: Path,
    origin: Origin,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    origin.push({"delivery.yaml": SETTINGS})
    monkeypatch.setenv("DELIVERY_WORKSPACE", str(bench.workspace))
    context = Context(origin.path, lambda _: None)
    snapshot = context.snapshot()
    for seed in range(5):  # five models that came to nothing
        write_tiny_model(tmp_path / str(seed), noise=0.2, seed=seed)
        look(origin.repository, data, tmp_path / str(seed), ROLES)
    submission = Submission(context, snapshot, candidate, snapshot.environment("production"))
    judged = proposed.judge(submission, NO_OVERRIDES, "promote")
    verdict = only(judged.judgement)
    assert (verdict.gate, verdict.status) == ("holdout_reuse", "hold")
    assert "5 other models" in verdict.why
    fresh = write_splits(tmp_path / "new", splits(tiny_frame(18_400, seed=12)))
    monkeypatch.setattr(proposed, "fetch_splits", lambda *_, **__: fresh)
    proposed.require_pass(proposed.judge(submission, NO_OVERRIDES, "promote"), "new data")


def test_the_third_release_that_is_a_little_worse_is_refused_by_best(
    bench: Bench,
    champion: Bento,
    better: Bento,
    origin: Origin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each is worse than the one before by less than the margin; together they are not."""
    origin.push({"delivery.yaml": SETTINGS})
    monkeypatch.setenv("DELIVERY_WORKSPACE", str(bench.workspace))
    third = bench.bento("half-blind", tiny(weights={"weekend": 0.2}))
    context = Context(origin.path, lambda _: None)
    released(origin, better, {"champion": None, "loss": 0.4532, "champion_loss": 0.69})
    released(origin, champion, {"champion": better.id, "loss": 0.4556, "champion_loss": 0.4532})
    folders = {one.id: one.path for one in (better, champion)}
    monkeypatch.setattr(Context, "bento", lambda _, __, release: folders[release])
    overrides = Overrides("a small step")
    snapshot = context.snapshot()
    production = snapshot.environment("production")
    submission = Submission(context, snapshot, make_candidate(bench, third), production)
    judged = proposed.judge(submission, overrides, "promote")
    verdict = only(judged.judgement)
    assert (verdict.gate, verdict.status) == ("best", "fail")
    assert f"worse than {better.id}, proven" in verdict.why
    assert judged.judgement.champion == champion.id
