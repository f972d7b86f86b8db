"""Routes come from the protocols, the first of two with one path wins, and errors keep shape."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message

from serving.contract import Task
from serving.errors import Problem, Refusal, ScoreError
from serving.http.app import Service
from serving.http.routes import Endpoint, direct, respond, send_reply
from serving.protocols.native import PROTOCOL
from serving.protocols.protocol import Reply, reply
from serving.settings.policy import LogSettings
from serving.settings.service import ServingSettings, Start
from serving.telemetry.metrics import Meter
from tests.serving.conftest import LOCALLY


def sent(reply: Reply) -> list[Message]:
    messages: list[Message] = []

    async def send(message: Message) -> None:
        messages.append(message)

    asyncio.run(send_reply(reply, send))
    return messages


@pytest.mark.parametrize(
    "reply_",
    [
        reply({"a": 1}),
        Reply(b"a,b", "text/csv"),
        Reply(b"", headers={"X-Extra": "1"}, status=404),
    ],
)
def test_a_reply_is_sent_as_starlette_would_send_it(reply_: Reply) -> None:
    start, body = sent(reply_)
    response = respond(reply_)
    assert start["status"] == response.status_code
    assert sorted(start["headers"]) == sorted(response.raw_headers)
    assert body["body"] == response.body


def failing(fault: Exception) -> tuple[int, Any]:
    """What a client is answered where the handler of a native route raises `fault`."""

    async def handler(*_: Any) -> Reply:
        raise fault

    messages: list[Message] = []

    async def send(message: Message) -> None:
        messages.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    endpoint = Endpoint("/predict", handler, PROTOCOL, Meter("r-routes"))
    asyncio.run(endpoint({"type": "http"}, receive, send))
    return messages[0]["status"], json.loads(messages[1]["body"])["error"]


@pytest.mark.parametrize(
    ("fault", "status", "message"),
    [
        (Refusal(422, "no rows", [Problem(0, "x", "1", "2", "type")]), 422, "no rows"),
        (Refusal(503, "the service is about to end"), 503, "the service is about to end"),
        (ScoreError("no finite score"), 500, "no finite score"),
        (RuntimeError("a secret of the inside"), 500, "internal error"),
    ],
)
def test_what_a_handler_raises_is_answered_in_the_protocols_shape(
    fault: Exception, status: int, message: str
) -> None:
    answer = failing(fault)
    assert answer[0] == status
    assert answer[1]["message"] == message


@pytest.fixture
def service(models: dict[Task, Path]) -> Callable[..., Service]:
    def made(*protocols: Any) -> Service:
        settings = ServingSettings(protocols=("native", *protocols), log=LogSettings())
        return Service(models["binary"], Start("r-routes", settings, host=LOCALLY))

    return made


def test_paths_with_parameters_need_the_router(service: Callable[..., Service]) -> None:
    made = service("v2")
    assert ("POST", "/predict") in made.direct
    assert ("GET", "/v2/health/live") in made.direct
    assert not any("{" in path for _, path in made.direct)
    assert direct([]) == {}


def test_of_two_routes_with_one_path_the_first_answers(service: Callable[..., Service]) -> None:
    """SageMaker's /invocations takes all that MLflow's takes, so it comes before it."""
    endpoint = service("mlflow", "sagemaker").direct["POST", "/invocations"]
    assert isinstance(endpoint, Endpoint)
    assert endpoint.protocol.title == "Amazon SageMaker"


def test_a_service_without_its_model_says_so(service: Callable[..., Service]) -> None:
    with pytest.raises(Refusal, match="not loaded yet"):
        _ = service().predictor
