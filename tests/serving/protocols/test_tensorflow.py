"""TensorFlow Serving's row and column formats, and its metadata."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from serving.errors import Refusal
from serving.protocols.tensorflow import PROTOCOL, error
from tests.serving.protocols.messages import ROW, content, decoded, scored, tiny_predictor

ROUTE = PROTOCOL.predicts[0]
COLUMNS = {name: [value] * 2 for name, value in ROW.items()}


@pytest.mark.parametrize(
    ("body", "key"),
    [({"instances": [ROW, ROW]}, "predictions"), ({"inputs": COLUMNS}, "outputs")],
)
def test_the_answer_is_called_as_the_format_has_it(tmp_path: Path, body: Any, key: str) -> None:
    query = decoded(ROUTE, body)
    assert query.count == 2
    reply = ROUTE.encode(scored(0.25, 0.5), query, tiny_predictor(tmp_path))
    assert content(reply) == {key: [0.25, 0.5]}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "either instances or inputs"),
        ({"instances": [ROW], "inputs": COLUMNS}, "either instances or inputs"),
        ({"instances": [ROW], "signature_name": "other"}, "the only signature is serving_default"),
    ],
)
def test_another_body_is_refused(body: Any, message: str) -> None:
    with pytest.raises(Refusal, match=message):
        decoded(ROUTE, body)


@pytest.mark.parametrize("signature", ["serving_default", ""])
def test_the_signature_may_be_named(signature: str) -> None:
    body = {"instances": [ROW], "signature_name": signature, "x": 1}
    assert decoded(ROUTE, body).ignored == 1


def test_sizes_are_strings_as_protobuf_writes_them(tmp_path: Path) -> None:
    [metadata] = [info for info in PROTOCOL.infos if info.path == "/v1/models/{model}/metadata"]
    answer = content(metadata.answer(tiny_predictor(tmp_path)))
    signature = answer["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert signature["inputs"]["hour"]["dtype"] == "DT_INT64"
    assert signature["inputs"]["hour"]["tensor_shape"]["dim"] == [{"size": "-1", "name": ""}]


@pytest.mark.parametrize(("status", "answered"), [(422, 400), (404, 404), (500, 500)])
def test_an_error_is_its_message(status: int, answered: int) -> None:
    refusal = error(status, "no", ())
    assert (refusal.status, content(refusal)) == (answered, {"error": "no"})
