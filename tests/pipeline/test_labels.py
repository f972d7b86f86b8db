"""Labels as the fork has them become lines of feedback."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import PipelineError
from pipeline.labels import labels
from tests.pipeline.conftest import Workspace

Make = Callable[..., Workspace]
SINCE = datetime(2026, 11, 1, tzinfo=UTC)
MODEL = """\
import pandas as pd


def load(settings): ...
def fit(train, validation, settings): ...


def labels(settings, since):
    assert settings.own is not None
    return {returned}
"""


def told(place: Workspace, returned: str, file: Path, **changes: Any) -> list[Any]:
    place.write_model(MODEL.replace("{returned}", returned))
    labels(place.settings(**changes), since=SINCE, file=file)
    return [json.loads(line) for line in file.read_text().splitlines()]


def table(ids: str, truths: str, times: str = "since") -> str:
    frame = f"{{'request_id': {ids}, 'malignant': {truths}, 'time': {times}}}"
    return f"pd.DataFrame({frame})"


def test_rows_of_a_request_are_a_list_and_what_is_not_known_is_left_out(
    workspace: Make, tmp_path: Path
) -> None:
    made = table("['a', 'b', 'a', 'c', None]", "[True, False, False, None, True]")
    assert told(workspace(), made, tmp_path / "out") == [
        {"request_id": "a", "time": SINCE.isoformat(), "truth": ["True", "False"]},
        {"request_id": "b", "time": SINCE.isoformat(), "truth": "False"},
    ]


@pytest.mark.parametrize(
    ("task", "truths", "expected"),
    [
        ("binary", "[1.0, None]", "1"),
        ("multiclass", "['setosa', None]", "setosa"),
        ("regression", "[2, None]", 2.0),
    ],
)
def test_a_label_is_written_as_training_has_it(
    workspace: Make, tmp_path: Path, task: str, truths: str, expected: object
) -> None:
    lines = told(workspace(), table("['a', 'b']", truths), tmp_path / "out", data__task=task)
    assert [line["truth"] for line in lines] == [expected]


def test_a_model_without_labels_is_a_model(workspace: Make, tmp_path: Path) -> None:
    assert "tells none" in labels(workspace().settings(), since=SINCE, file=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("returned", "says"),
    [
        ("[]", "returned list"),
        ("pd.DataFrame({'request_id': ['a'], 'malignant': [1]})", "no column 'time'"),
        (table("['a']", "[1]", "'2026-11-01'"), "a time with its zone"),
        (table("['a']", "[0.5]"), "fractions"),
    ],
)
def test_what_is_no_table_of_labels_is_refused(
    workspace: Make, tmp_path: Path, returned: str, says: str
) -> None:
    with pytest.raises(PipelineError, match=says):
        told(workspace(), returned, tmp_path / "out")
    assert not (tmp_path / "out").exists()
