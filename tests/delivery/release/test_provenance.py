"""What makes a candidate a retrain: the fork changed nothing, whatever the engine did."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from delivery.bento.bento import MODEL, Bento
from delivery.evidence.trial import Submission
from delivery.judgement import proposed
from delivery.release.provenance import same_recipe, source
from delivery.settings.overrides import NO_OVERRIDES
from delivery.state.record import Source, parse_record, record_path, render_record
from delivery.storage.dvc_lock import SPLITS
from tests.delivery.place import World
from tests.origin import Origin, record

ONE = "r-111111111111"
STAGES = """\
stages:
  train:
    cmd: python -m pipeline.train
    deps: [model/]
"""
OWN_STAGE = """\
  features:
    cmd: python -m model.features
"""
LOCK = "stages:\n  train:\n    outs:\n" + "".join(
    f"    - path: {path}\n      md5: {'0' * 32}\n" for path in (MODEL, *SPLITS)
)
PARAMS = """\
data:
  until: 2013-06
  sources: [a.csv, {address: sqlite, version: v1}, {address: "http://b", etag: e1}]
train:
  depth: 3
demo: {rows: 1}
"""
FILES = {
    "model/__init__.py": "one\n",
    "model/requirements.in": "lightgbm\n",
    "pipeline/train.py": "one\n",
    "requirements/pipeline.lock": "lightgbm==1\n",
    "dvc.yaml": STAGES,
    "dvc.lock": LOCK,
    "params.yaml": PARAMS,
}
ENGINE = [
    {"pipeline/train.py": "two\n"},
    {"requirements/pipeline.lock": "lightgbm==2\n"},
    {"dvc.yaml": STAGES.replace("model/", "model/, pipeline/")},
]
OWN = [
    {"model/__init__.py": "two\n"},
    {"model/requirements.in": "xgboost\n"},
    {"params.yaml": PARAMS.replace("depth: 3", "depth: 4")},
    {"params.yaml": PARAMS.replace("a.csv", "b.csv")},
    {"params.yaml": PARAMS.replace("sqlite", "postgresql")},
    {"dvc.yaml": STAGES + OWN_STAGE},
    {"dvc.yaml": STAGES.replace("pipeline.train", "model.train")},
]
NEITHER = [
    {"params.yaml": PARAMS.replace("2013-06", "2013-07")},
    {"params.yaml": PARAMS.replace("v1", "v2")},
    {"params.yaml": PARAMS.replace("e1", "e2")},
    {"params.yaml": PARAMS.replace("rows: 1", "rows: 2")},
    {"delivery/x.py": "two\n"},
]


@pytest.mark.parametrize(
    ("change", "own", "engine"),
    [
        *((change, False, True) for change in ENGINE),
        *((change, True, "dvc.yaml" in change) for change in OWN),
        *((change, False, False) for change in NEITHER),
    ],
)
def test_the_recipe_is_what_the_fork_wrote(
    origin: Origin, change: dict[str, str], own: bool, engine: bool
) -> None:
    before = source(origin.repository, origin.push(FILES))
    after = source(origin.repository, origin.push(change))
    assert (before.recipe != after.recipe) == own
    assert (before.engine != after.engine) == engine


@pytest.mark.parametrize(("changes", "same"), [(ENGINE, True), (OWN[:1], False)])
def test_the_recipe_of_an_old_record_is_made_anew(
    origin: Origin, changes: list[dict[str, str]], same: bool
) -> None:
    old = Source(commit=origin.push(FILES), data="0" * 64, recipe="of all, the engine too")
    for change in changes:
        origin.push(change)
    new = source(origin.repository, origin.git("rev-parse", "HEAD"))
    assert same_recipe(origin.repository, old, new) == same


def test_without_its_commit_an_old_record_tells_what_it_can(origin: Origin) -> None:
    old = Source(commit="0" * 40, data="0" * 64, recipe="of all, the engine too")
    new = source(origin.repository, origin.push(FILES))
    assert same_recipe(origin.repository, old, old)
    assert not same_recipe(origin.repository, old, new)


def test_a_record_of_before_stays_as_it_is() -> None:
    text = render_record(record(ONE))
    assert "engine" not in text
    assert render_record(parse_record(text, "r")) == text
    now = record(ONE)
    made = now.made_from.model_copy(update={"engine": "e" * 64})
    text = render_record(now.model_copy(update={"made_from": made}))
    assert parse_record(text, "r").made_from.engine == "e" * 64


def test_a_retrain_after_an_update_is_a_retrain_beside_a_champion_of_before(
    origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = origin.push(FILES)
    champion = record(ONE)
    made = champion.made_from.model_copy(update={"commit": commit})
    attempt = origin.want("production", ONE)
    text = render_record(champion.model_copy(update={"made_from": made}))
    origin.push({record_path(ONE): text})
    origin.happened("production", attempt, "verified", ONE)
    for change in ENGINE:
        origin.push(change)
    now = source(origin.repository, origin.git("rev-parse", "HEAD"))
    candidate: Any = SimpleNamespace(commit=now.commit, source=now, bento=Bento("r-2", Path()))
    monkeypatch.setattr(proposed, "fetch_splits", lambda *_, **__: Path())
    world = World(origin.path, lambda _: None)
    snapshot = world.snapshot()
    submission = Submission(world, snapshot, candidate, snapshot.environment("production"))
    evaluation, _ = proposed._evaluation(submission, NO_OVERRIDES)
    assert evaluation.retrain
