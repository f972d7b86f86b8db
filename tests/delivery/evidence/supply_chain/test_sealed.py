"""What the statements of a training say, held against what git and dvc.lock name."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from delivery.bento.bento import Bento
from delivery.errors import HeldError
from delivery.evidence.predictions import Answer
from delivery.evidence.supply_chain import sealed
from delivery.evidence.supply_chain.sealed import gather
from delivery.evidence.supply_chain.training.refit import UnrepeatableError
from delivery.gates.supply_chain.sealed import Refit
from delivery.settings.host import Surroundings
from delivery.state.desired import Desired, desired_path, evidence_path, render_desired
from tests.delivery.evidence.supply_chain.conftest import Said, Stated
from tests.delivery.evidence.trials import paired, scored
from tests.origin import Origin, version


def test_a_person_learns_what_was_said(stated: Stated, said: Said) -> None:
    found = gather(stated(said))
    assert found.stated == {"train": ("files", "network"), "export": ("files", "network")}
    assert (found.doubts, found.refit, found.in_job) == ((), None, False)
    assert "a job fits it again" in found.missing


def test_a_model_of_before_statements_says_nothing(stated: Stated, said: Said) -> None:
    assert gather(stated(None)).stated == {}


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
