"""Trained models are stored and read again; what cannot be is said with the way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import PipelineError
from pipeline.trained import artifacts
from pipeline.trained.artifacts import SHIPPED, VALIDATED, dump, read_trained


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(artifacts, "TRAINED", tmp_path)
    monkeypatch.setattr(artifacts, "user_model", lambda: None)
    return tmp_path


def test_the_model_that_ships_is_also_the_validated_one_without_a_refit(folder: Path) -> None:
    dump({"model": 1}, folder / SHIPPED)
    assert read_trained(shipped=True) == read_trained(shipped=False) == {"model": 1}


def test_after_a_refit_both_are_apart(folder: Path) -> None:
    dump("shipped", folder / SHIPPED)
    dump("validated", folder / VALIDATED)
    assert (read_trained(shipped=True), read_trained(shipped=False)) == ("shipped", "validated")


def test_a_model_that_is_not_there_names_the_stage(folder: Path) -> None:
    with pytest.raises(PipelineError, match=r"the stage train writes it. Run `dvc repro train`"):
        read_trained(shipped=True)


def test_a_model_that_cannot_be_stored_names_the_reason(folder: Path) -> None:
    with pytest.raises(PipelineError, match="Lambdas and local classes are the usual reason"):
        dump(lambda row: row, folder / SHIPPED)
