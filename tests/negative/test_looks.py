"""A holdout that was tried too often, by the way that every command judges."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from delivery import judging
from delivery.appeal import NO_APPEAL
from delivery.candidate import Candidate
from delivery.context import Context
from delivery.judge import Subject
from delivery.looks import look
from tests.delivery.bentos import POLICY, Bench, splits, write_splits
from tests.delivery.released import make_candidate
from tests.negative.test_quality import only
from tests.origin import Origin
from tests.serving.tiny import ROLES, tiny_frame, write_tiny_model

SETTINGS = json.dumps(
    {
        "environments": {"production": {"target": {"kind": "local", "port": 7102}}},
        "gates": POLICY.model_dump(mode="json"),
    }
)


@pytest.fixture
def candidate(bench: Bench, better: Subject) -> Candidate:
    return make_candidate(bench, better)


def test_the_sixth_look_at_one_holdout_is_held_by_looks(
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
    monkeypatch.setattr(judging, "data", lambda *_, **__: data)
    judged = judging.judge(context, snapshot, candidate, NO_APPEAL)
    verdict = only(judged.judgement)
    assert (verdict.gate, verdict.status) == ("looks", "hold")
    assert "5 other models" in verdict.why
    fresh = write_splits(tmp_path / "new", splits(tiny_frame(18_400, seed=12)))
    monkeypatch.setattr(judging, "data", lambda *_, **__: fresh)
    judging.require_pass(judging.judge(context, snapshot, candidate, NO_APPEAL), "new data")
