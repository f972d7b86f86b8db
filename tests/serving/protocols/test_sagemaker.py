"""SageMaker's container: MLflow's rows, and CSV for who accepts it."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving.protocols.sagemaker import PROTOCOL, UNNAMED
from tests.serving.protocols.messages import CONTRACT, ROW, message, scored, tiny_predictor

ROUTE = PROTOCOL.predicts[0]


@pytest.mark.parametrize(
    ("accept", "kind", "body"),
    [
        ("text/csv", "text/csv", b"0.25\n0.5\n"),
        ("Text/CSV; charset=utf-8", "text/csv", b"0.25\n0.5\n"),
        ("application/json", "application/json", b'{"predictions":[0.25,0.5]}'),
        ("", "application/json", b'{"predictions":[0.25,0.5]}'),
    ],
)
def test_the_answer_is_what_the_caller_accepts(
    tmp_path: Path, accept: str, kind: str, body: bytes
) -> None:
    query = ROUTE.decode(message({"instances": [ROW, ROW]}, accept=accept), CONTRACT)
    reply = ROUTE.encode(scored(0.25, 0.5), query, tiny_predictor(tmp_path))
    assert (reply.kind, reply.body) == (kind, body)


def test_what_the_platform_sends_without_a_type_is_taken() -> None:
    assert all(route.kinds is not None and UNNAMED in route.kinds for route in PROTOCOL.predicts)


def test_the_path_of_the_runtime_api_is_there() -> None:
    paths = [route.path for route in PROTOCOL.predicts]
    assert paths == ["/invocations", "/endpoints/{endpoint}/invocations"]
