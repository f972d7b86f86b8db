"""Contributions by trying coalitions: they add up, and are exact for what is linear."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from serving.explain.sampling import EXACT, plan
from tests.serving.conftest import client_of
from tests.serving.tiny import (
    write_tiny_model,
)

ROW = {"distance": 800.0, "wind": None, "hour": 9, "weekend": True, "carrier": "UA"}


def explain(client: TestClient, *rows: dict[str, Any]) -> dict[str, Any]:
    answer = client.post("/explain", json={"instances": list(rows)})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("inputs", [1, 2, EXACT, EXACT + 1, 30])
def test_what_is_tried_adds_up_whatever_the_model_says(inputs: int) -> None:
    """Nobody first, everybody last; linear models are explained exactly."""
    known, weights = plan(inputs)
    assert not known[0].any()
    assert known[-1].all()
    random = np.random.default_rng(inputs)
    game = random.normal(size=len(known))
    assert (weights @ game).sum() == pytest.approx(game[-1] - game[0], abs=1e-9)
    terms = random.normal(size=inputs)
    np.testing.assert_allclose(weights @ (known @ terms), terms, atol=1e-9)


def test_a_score_that_is_all_but_sure_has_finite_contributions(tmp_path: Path) -> None:
    write_tiny_model(tmp_path, weights={"distance": 100.0})
    [one] = explain(client_of(tmp_path), ROW | {"distance": 9_000.0})["explanations"]
    assert one["prediction"] == 1.0
    assert math.isfinite(one["raw"])
    assert max(one["contributions"], key=one["contributions"].get) == "distance"
