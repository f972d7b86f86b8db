"""What the statements of a training say, held against what git and dvc.lock name."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from delivery.bento.bento import Bento
from delivery.bento.digest import file_hashes
from delivery.errors import HeldError
from delivery.evidence.evaluation import Evaluation
from delivery.evidence.predictions import Answer
from delivery.evidence.supply_chain import sealed
from delivery.evidence.supply_chain.refit import UnrepeatableError
from delivery.evidence.supply_chain.sealed import gather
from delivery.evidence.trial import Trial
from delivery.gates.supply_chain.sealed import Refit
from delivery.settings.host import Surroundings
from delivery.state.desired import Desired, desired_path, evidence_path, render_desired
from tests.delivery.evidence.submitted import LOCKED, SOURCE, Desk, described, with_lock
from tests.delivery.evidence.trials import paired, scored, tiny_bento
from tests.delivery.place import environment
from tests.origin import Origin, make_origin, version

Stated = Callable[..., Trial]


@dataclass(frozen=True)
class Said:
    """What the stages said, by name, as a run of them writes it."""

    train: dict[str, Any]
    export: dict[str, Any]

    def files(self) -> Mapping[str, str]:
        return {
            f"artifacts/sealed/{name}.json": json.dumps(said) for name, said in vars(self).items()
        }


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    return make_origin(tmp_path)


@pytest.fixture
def said(tmp_path: Path) -> Said:
    """What is true of `tiny_bento` and the splits beside it."""
    bento, data = with_lock(tiny_bento(tmp_path), LOCKED), tmp_path / "data"
    data.mkdir()
    for split in ("train", "validation"):
        (data / f"{split}.parquet").write_text(split)
    rows = {f"artifacts/data/{s}.parquet": sha256(s.encode()) for s in ("train", "validation")}
    code = {"model/fit.py": sha256(SOURCE["model/fit.py"].encode()), "model/.notes": "of nobody"}
    fitted = {"artifacts/trained/model.pkl": "a" * 64}
    model = {f"artifacts/model/{name}": value for name, value in file_hashes(bento.model).items()}
    held = ["files", "network"]
    return Said(
        {"held": held, "read": rows | code, "wrote": fitted, "platform": "A"},
        {"held": held, "read": rows | code | fitted, "wrote": model, "platform": "A"},
    )


@pytest.fixture
def stated(origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stated:
    """The tiny bento on trial, trained at a commit whose statements are given."""

    def trial(said: Said | None, where: str = "staging") -> Trial:
        files = said.files() if said else {}
        locked = dict.fromkeys(files, "0")
        monkeypatch.setattr(sealed, "outputs", lambda *_: locked)

        def get(self: object, commit: str, path: str, place: Path) -> Path:
            place.write_text(files[path])
            return place

        monkeypatch.setattr("delivery.storage.store.Store.get", get)
        made = described(Bento("r-1", tmp_path / "r-1"), origin.push(SOURCE))
        desk, data = Desk(origin, tmp_path), tmp_path / "data"
        neighbour = "staging" if where == "production" else None
        trial = desk.trial(made, where)
        there = replace(trial.submitted, environment=environment(where, upstream=neighbour))
        return replace(trial, evaluation=Evaluation(data), submission=there)

    return trial


def test_a_person_learns_what_was_said(stated: Stated, said: Said) -> None:
    found = gather(stated(said))
    assert found.stated == {"train": ("files", "network"), "export": ("files", "network")}
    assert (found.doubts, found.refit, found.in_job) == ((), None, False)
    assert "a job fits it again" in found.missing


def test_a_model_of_before_statements_says_nothing(stated: Stated, said: Said) -> None:
    assert gather(stated(None)).stated == {}


@pytest.mark.parametrize(
    ("stage", "kind", "name"),
    [
        ("train", "read", "artifacts/data/train.parquet"),
        ("train", "read", "artifacts/data/validation.parquet"),
        ("train", "read", "model/fit.py"),
        ("export", "read", "model/fit.py"),
        ("export", "read", "artifacts/trained/model.pkl"),
        ("export", "wrote", "artifacts/model/model.onnx"),
    ],
)
def test_a_statement_about_other_bytes_is_named(
    stated: Stated, said: Said, stage: str, kind: str, name: str
) -> None:
    """A file that git has not, such as an editor's, is no matter of a commit."""
    getattr(said, stage)[kind] = getattr(said, stage)[kind] | {name: "b" * 64}
    assert gather(stated(said)).doubts == (f"the statement of {stage} is about another {name}",)


@dataclass
class Again:
    """A refit that leaves `model`, or ends in an error; `count` is how often."""

    model: Path
    error: Exception | None = None
    platform: str = "A"
    count: int = 0

    def __call__(self, *_: object) -> Any:
        return self

    def run(self, minutes: float) -> None:
        self.count += 1
        if self.error:
            raise self.error

    @property
    def statement(self) -> Mapping[str, str]:
        return {"platform": self.platform}

    def bento(self) -> Bento:
        return Bento("again", self.model)


@pytest.fixture
def again(tmp_path: Path, said: Said, monkeypatch: pytest.MonkeyPatch) -> Again:
    """In a job. The same model comes of it."""
    monkeypatch.setattr(Surroundings, "in_job", True)
    made = Again(tmp_path / "again")
    shutil.copytree(tmp_path / "r-1" / "src" / "artifacts" / "model", made.model)
    monkeypatch.setattr(sealed, "Refitting", made)
    return made


@pytest.mark.parametrize("known", [True, False])
def test_a_job_fits_again_once_with_or_without_a_statement(
    stated: Stated, said: Said, again: Again, known: bool
) -> None:
    assert gather(stated(said if known else None)).refit == Refit(same=True)
    assert again.count == 1


def test_what_is_said_of_other_bytes_is_not_fitted_again(
    stated: Stated, said: Said, again: Again
) -> None:
    said.export["read"] = {"model/fit.py": "b" * 64}
    assert gather(stated(said)).refit is None
    assert again.count == 0


@pytest.mark.parametrize(("platform", "elsewhere"), [("A", ""), ("B", "trained on A, here B")])
def test_other_bytes_are_compared_by_their_scores(
    stated: Stated, said: Said, again: Again, tmp_path: Path, platform: str, elsewhere: str
) -> None:
    (again.model / "model.onnx").write_bytes(b"other")
    again.platform = platform
    trial = stated(said)
    scores = paired(tmp_path / "scored")
    scored(trial, scores)
    trial.predictions.answers["again"] = Answer(scores.candidate + 0.25)  # type: ignore[attr-defined]
    found = gather(trial).refit
    assert found is not None
    assert found.distance == pytest.approx(0.25)
    assert (found.same, found.elsewhere, found.tolerance) == (False, elsewhere, 1e-5)


@pytest.mark.parametrize("answer", [Answer(None, "refused"), Answer(np.zeros(3))])
def test_scores_that_cannot_be_compared_have_no_distance(
    stated: Stated, said: Said, again: Again, tmp_path: Path, answer: Answer
) -> None:
    (again.model / "model.onnx").write_bytes(b"other")
    trial = scored(stated(said), paired(tmp_path / "scored"))
    trial.predictions.answers["again"] = answer  # type: ignore[attr-defined]
    found = gather(trial).refit
    assert found is not None
    assert found.distance is None


def test_why_nothing_came_of_it_is_kept(stated: Stated, said: Said, again: Again) -> None:
    again.error = UnrepeatableError("Permission denied")
    assert gather(stated(said)).refused == "Permission denied"
    again.error = HeldError("no Landlock")
    found = gather(stated(said))
    assert (found.refused, found.missing, found.in_job) == ("", "no Landlock", True)


@pytest.mark.parametrize(
    ("judged", "status", "upstream"),
    [("", "pass", "staging"), ("0" * 64, "pass", ""), ("", "not checked", "")],
)
def test_what_passed_for_staging_is_not_fitted_again_for_production(
    stated: Stated,
    said: Said,
    again: Again,
    origin: Origin,
    judged: str,
    status: str,
    upstream: str,
) -> None:
    evidence = {
        "release": "r-1",
        "judged": {"candidate_sha256": judged or stated(said).bento.sha256},
        "verdicts": [{"gate": "sealed", "status": status}],
    }
    wanted = render_desired(Desired(version("r-" + "1" * 12)))
    files = {desired_path("staging"): wanted, evidence_path("staging"): json.dumps(evidence)}
    origin.push(files)
    assert gather(stated(said, "production")).upstream == upstream
    assert again.count == (0 if upstream else 1)
    assert gather(stated(said, "staging")).upstream == "", "its own evidence is none"
