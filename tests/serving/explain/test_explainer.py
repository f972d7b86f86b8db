"""POST /explain: contributions by input that add up to the answer of /predict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from serving.contract import Task
from serving.predict.loaded_model import load_model
from tests.serving.conftest import TASKS, client_of
from tests.serving.tiny import (
    CARRIERS,
    CENTRES,
    REFERENCE,
    UNKNOWN_CARRIER,
    WEIGHTS,
    write_tiny_model,
)
from tests.serving.tiny_predictor import write_predictor
from tests.serving.tiny_tensor import SHAPE, tensor_rows, write_tensor_model
from tests.serving.tiny_tensor import WEIGHTS as TENSOR

ROW = {"distance": 800.0, "wind": None, "hour": 9, "weekend": True, "carrier": "UA"}
ROWS = st.fixed_dictionaries(
    {
        "distance": st.floats(0, 5_000, width=32),
        "wind": st.none() | st.floats(0, 40, width=32),
        "hour": st.integers(0, 23),
        "weekend": st.booleans(),
        "carrier": st.sampled_from([*CARRIERS, "never seen in training", ""]),
    }
)


def explain(client: TestClient, *rows: dict[str, Any]) -> dict[str, Any]:
    answer = client.post("/explain", json={"instances": list(rows)})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def terms(row: dict[str, Any]) -> dict[str, float]:
    """What each input adds to the raw sum of the tiny model, which is linear in them."""
    found = {"weekend": WEIGHTS["weekend"] * row["weekend"]}
    for name, (centre, spread) in CENTRES.items():
        known = row[name] is not None
        found[name] = WEIGHTS[name] * (row[name] - centre) / spread if known else 0.0
    effect = CARRIERS.get(row["carrier"], UNKNOWN_CARRIER)
    return found | {"carrier": WEIGHTS["carrier"] * effect}


@pytest.mark.parametrize("task", TASKS)
def test_contributions_and_base_add_up_to_the_prediction(
    clients: dict[Task, TestClient], task: Task
) -> None:
    client = clients[task]
    predictions = client.post("/predict", json={"instances": [ROW, REFERENCE]}).json()
    found = explain(client, ROW, REFERENCE)
    assert found["space"] == ("log-odds" if task == "binary" else "score")
    assert found.get("classes") == predictions.get("classes")
    for one, prediction in zip(found["explanations"], predictions["predictions"], strict=True):
        assert one["prediction"] == prediction
        added = np.array(found["base"]) + sum(map(np.array, one["contributions"].values()))
        np.testing.assert_allclose(added, one["raw"], atol=1e-6)
        score = 1 / (1 + np.exp(-added)) if task == "binary" else added
        np.testing.assert_allclose(score, prediction, atol=1e-6)
    typical = found["explanations"][1]["contributions"].values()
    np.testing.assert_allclose(np.array(list(typical)), 0, atol=1e-7)


@settings(max_examples=60, deadline=None)
@given(row=ROWS)
def test_contributions_are_those_of_a_linear_model(
    clients: dict[Task, TestClient], row: Any
) -> None:
    """Exactly what each term adds; missing values and unseen categories too."""
    contributions = explain(clients["regression"], row)["explanations"][0]["contributions"]
    for name, value in terms(row).items():
        assert contributions[name] == pytest.approx(value - terms(REFERENCE)[name], abs=1e-5)


def test_a_model_of_code_and_one_with_tensors_are_explained(tmp_path: Path) -> None:
    write_predictor(tmp_path / "code")
    write_tensor_model(tmp_path / "tensor")
    explanation = {"method": "sampling", "link": "identity"}
    zeros = {"window": np.zeros(SHAPE).tolist()}
    text = json.dumps(explanation | {"reference": zeros})
    (tmp_path / "tensor" / "explainer.json").write_text(text)
    found = explain(client_of(tmp_path / "code"), ROW)
    assert found["method"] == "sampling"
    [row] = tensor_rows(1)
    [one] = explain(client_of(tmp_path / "tensor"), row)["explanations"]
    expected = float((np.array(row["window"]) * TENSOR).sum())
    assert one["contributions"]["window"] == pytest.approx(expected, abs=1e-5)


def test_rows_are_limited_and_refused_as_for_a_prediction(models: dict[Task, Path]) -> None:
    client = client_of(models["binary"], limits={"explain_rows": 2})
    for rows, status in (
        ([ROW] * 2, 200),
        ([ROW] * 3, 422),
        ([], 422),
        ([ROW | {"hour": 24}], 422),
    ):
        assert client.post("/explain", json={"instances": rows}).status_code == status
    assert client.get("/explain").status_code == 405
    assert client.post("/explain", content=b"{", headers={"Content-Type": "x/y"}).status_code == 415


def test_a_release_without_an_explainer_says_so(tmp_path: Path) -> None:
    write_tiny_model(tmp_path)
    (tmp_path / "explainer.json").unlink()
    client = client_of(tmp_path)
    answer = client.post("/explain", json={"instances": [ROW]})
    assert answer.status_code == 404
    assert "without an explainer" in answer.json()["error"]["message"]
    assert client.get("/release").json()["explained_by"] is None
    assert client.get("/docs.json").status_code == 200


def test_an_explanation_that_does_not_fit_stops_the_start(tmp_path: Path) -> None:
    write_tiny_model(tmp_path)
    how = json.loads((tmp_path / "explainer.json").read_text())
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"link": "identity"}, ""),  # the score itself: fits as well
        ({"link": "softmax"}, "does not add up"),
        ({"reference": None}, "reference"),
        ({"reference": REFERENCE | {"hour": 24}}, "hour: found 24"),
        ({"method": "trees"}, "explainer.onnx: no such file"),
        ({"method": "guess"}, "method"),
    ]
    for change, message in wrong:
        (tmp_path / "explainer.json").write_text(json.dumps(how | change))
        if not message:
            load_model(tmp_path)
            continue
        with pytest.raises(ValueError, match=message):
            load_model(tmp_path)


def test_explained_rows_are_counted_and_are_no_traffic(models: dict[Task, Path]) -> None:
    client = client_of(models["binary"])

    def counted(name: str) -> float:
        lines = client.get("/metrics").text.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))

    names = ("serving_explained_rows_total", "serving_rows_total")
    before = [counted(name) for name in names]
    explain(client, ROW, ROW | {"extra": 1})
    assert [counted(name) - was for name, was in zip(names, before, strict=True)] == [2, 0]


def test_the_document_shows_a_real_explanation(client: TestClient) -> None:
    post = client.get("/docs.json").json()["paths"]["/explain"]["post"]
    request = post["requestBody"]["content"]["application/json"]["example"]
    answer = post["responses"]["200"]["content"]["application/json"]["example"]
    assert client.post("/explain", json=request).json() == answer
