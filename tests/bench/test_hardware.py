"""What the bench of hardware feeds a model is what the model was released with."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from bench import hardware
from serving.contract import EXAMPLES, MODEL
from serving.model.compute import open_session
from serving.settings.policy import Compute
from tests.serving.tiny import write_tiny_model


def test_the_columns_are_the_examples_over_and_over(tmp_path: Path) -> None:
    write_tiny_model(tmp_path)
    lines = (tmp_path / EXAMPLES).read_text().splitlines()
    expected = [json.loads(line)["prediction"] for line in lines]
    session = open_session(tmp_path / MODEL, Compute())
    rows = len(expected) + 7
    [scores] = session.run(["score"], dict(hardware.columns_of(tmp_path, session, rows)))
    np.testing.assert_allclose(np.ravel(scores), np.resize(expected, rows), atol=1e-6)


def test_a_line_for_each_number_of_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "ROWS", (1, 3))
    monkeypatch.setattr(hardware, "SECONDS", 0.0)
    file = tmp_path / "perceptron.onnx"
    file.write_bytes(hardware.perceptron(8, 2))
    lines = hardware.measure("small", file, None)
    assert [line.split(" | ")[:2] for line in lines] == [["| small", "1"], ["| small", "3"]]
    assert ort.InferenceSession(file).get_inputs()[0].shape[1] == hardware.INPUTS
