"""The fork's own labels, from a process of its own."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from delivery.errors import InputError
from delivery.predictions.truth import from_model
from tests.checkout import put_model

SINCE = datetime(2026, 11, 1, tzinfo=UTC)
LABELS = """

def labels(settings, since):
    import pandas as pd

    print("noise")
    time = pd.to_datetime([since], utc=True)
    return pd.DataFrame({"request_id": ["a"], "malignant": [True], "time": time})
"""


def test_what_the_model_tells_comes_as_feedback_does(tmp_path: Path) -> None:
    put_model(tmp_path, "minimal")
    assert from_model(tmp_path, SINCE) == (), "a model need not tell any"
    with (tmp_path / "model" / "__init__.py").open("a") as file:
        file.write(LABELS)
    (line,) = from_model(tmp_path, SINCE)
    assert json.loads(line) == {"request_id": "a", "time": SINCE.isoformat(), "truth": "True"}


def test_a_model_that_fails_is_named(tmp_path: Path) -> None:
    put_model(tmp_path, "minimal")
    with (tmp_path / "model" / "__init__.py").open("a") as file:
        file.write("\ndef labels(settings, since): return []\n")
    with pytest.raises(InputError, match=r"labels of model/.*returned list"):
        from_model(tmp_path, SINCE)


def test_without_a_model_there_are_none(tmp_path: Path) -> None:
    assert from_model(tmp_path, SINCE) == ()
