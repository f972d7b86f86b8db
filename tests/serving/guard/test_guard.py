"""What is refused before a route is reached, and how; with the raw ASGI messages of a server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.guard.guard import SLACK, Guard
from serving.protocols.protocol import Reply, reply
from serving.settings.host import Host
from serving.settings.service import ServingSettings, Start
from serving.telemetry.request_context import current
from tests.serving.guard.callers.test_auth import entry
from tests.serving.telemetry.counted import value

LATER = (datetime.now(UTC) + timedelta(days=1)).isoformat()


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the whole body; answers with its size and what is known about the call."""
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        size += len(message["body"])
        if not message.get("more_body"):
            break
    call = current()
    body = json.dumps({"size": size, "id": call.id, "client": call.client, "trace": call.trace})
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body.encode()})


def start(*keys: dict[str, Any], **settings: Any) -> Start:
    auth = "keys" if keys else "none"
    parsed = ServingSettings.model_validate({"auth": auth} | settings)
    return Start("r-1", parsed, host=Host(local=not keys, api_keys=json.dumps(keys)))


def shape(_: str, status: int, message: str) -> Reply:
    return reply({"error": {"message": message}}, status)


def guarded(app: ASGIApp, started: Start) -> Guard:
    return Guard(app, start=started, shape=shape)


class Answer:
    def __init__(self, messages: list[Message]) -> None:
        self.messages = messages
        self.status: int = messages[0]["status"]
        self.headers = {k.decode(): v.decode() for k, v in messages[0]["headers"]}
        self.body = b"".join(message.get("body", b"") for message in messages[1:])
        self.json: Any = json.loads(self.body)


class Asked:
    """One request; `chunks` that run out before the last leave the upload hanging."""

    def __init__(self, guard: ASGIApp, chunks: Iterator[bytes] | None = None) -> None:
        self.guard = guard
        self.chunks = chunks or iter([b""])
        self.taken = 0

    def __call__(self, path: str = "/predict", **headers: str) -> Answer:
        return asyncio.run(self._run(path, headers))

    async def _run(self, path: str, headers: dict[str, str]) -> Answer:
        sent: list[Message] = []

        async def receive() -> Message:
            chunk = next(self.chunks, None)
            if chunk is None:
                await asyncio.Event().wait()
            self.taken += 1
            return {"type": "http.request", "body": chunk, "more_body": bool(chunk)}

        async def send(message: Message) -> None:
            sent.append(message)

        named = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
        scope = {"type": "http", "path": path, "method": "POST", "headers": named}
        await self.guard(scope | {"client": ("10.0.0.1", 5)}, receive, send)
        return Answer(sent)


def test_a_request_gets_an_id_that_it_keeps() -> None:
    guard = guarded(echo, start())
    first, second = Asked(guard)(), Asked(guard)()
    assert first.headers["x-request-id"] == first.json["id"]
    assert len(first.json["id"]) == 24
    assert first.json["id"] != second.json["id"]


@pytest.mark.parametrize("given", ["abc-1", "A.b_c:d@e/f+g=", "x" * 128])
def test_a_sane_id_of_the_caller_is_kept(given: str) -> None:
    answer = Asked(guarded(echo, start()))(x_request_id=given)
    assert answer.headers["x-request-id"] == answer.json["id"] == given


@pytest.mark.parametrize("given", ["", "a b", "a\nb", "<script>", "x" * 129, "é"])
def test_another_id_is_replaced(given: str) -> None:
    answer = Asked(guarded(echo, start()))(x_request_id=given)
    assert len(answer.headers["x-request-id"]) == 24


def test_the_trace_of_the_caller_is_known() -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    guard = guarded(echo, start())
    assert Asked(guard)(traceparent=f"00-{trace}-b7ad6b7169203331-01").json["trace"] == trace
    assert Asked(guard)(traceparent=f"00-{trace}-nonsense").json["trace"] == ""


def test_credentials_name_the_caller_and_their_lack_is_refused_with_an_id() -> None:
    guard = guarded(echo, start(entry("secret", expires=LATER)))
    assert Asked(guard)(x_api_key="secret").json["client"] == "key:ci"
    refused = Asked(guard)(x_request_id="mine")
    assert (refused.status, refused.headers["x-request-id"]) == (401, "mine")
    assert refused.headers["www-authenticate"] == "Bearer"
    assert refused.json["error"]["message"].startswith("credentials are needed")
    assert Asked(guard)("/metrics", x_api_key="secret").status == 403
    assert Asked(guard)("/livez").status == 200


@pytest.mark.parametrize(("size", "status"), [(9, 200), (10, 200), (11, 413)])
def test_a_body_is_limited_whether_it_is_declared_or_not(size: int, status: int) -> None:
    guard = guarded(echo, start(limits={"body_bytes": 10}))
    assert Asked(guard)(content_length=str(size)).status == status
    answer = Asked(guard, iter([b"x" * (size - 1), b"x", b""]))()
    assert answer.status == status
    if status == 413:
        assert answer.headers["connection"] == "close"
        assert "larger than 10 bytes" in answer.json["error"]["message"]
    else:
        assert answer.json["size"] == size


@pytest.mark.parametrize("length", ["", "-1", "+1", "x", "1e3", "9" * 50, "9" * 5_000, "²"])
def test_a_strange_length_is_refused(length: str) -> None:
    assert Asked(guarded(echo, start()))(content_length=length).status == 413


def test_an_upload_without_end_is_not_read_to_its_end() -> None:
    def forever() -> Iterator[bytes]:
        while True:
            yield b"x" * 10_000

    asked = Asked(guarded(echo, start(limits={"body_bytes": 20_000})), forever())
    assert asked().status == 413
    assert asked.taken * 10_000 <= 20_000 + SLACK + 10_000


def test_a_refused_upload_is_read_for_a_while_after_the_answer() -> None:
    """Who sends until it sees the answer would lose it with the connection."""
    asked = Asked(guarded(echo, start(limits={"body_bytes": 10})), iter([b"x" * 20, b"x", b""]))
    answer = asked(content_length="21")
    assert (answer.status, asked.taken) == (413, 3)
    assert [message.get("more_body", False) for message in answer.messages[1:]] == [True, False]


def test_a_refused_upload_that_stops_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.guard.guard.LINGER", 0.05)
    asked = Asked(guarded(echo, start(limits={"body_bytes": 10})), iter([b"x"]))
    assert (asked(content_length="21").status, asked.taken) == (413, 1)


def test_who_is_refused_for_another_reason_is_not_read() -> None:
    asked = Asked(guarded(echo, start(entry("secret"))), iter([b"x", b""]))
    assert (asked().status, asked.taken) == (401, 0)


def test_a_body_that_does_not_arrive_is_given_up() -> None:
    guard = guarded(echo, start(limits={"seconds": 0.01}))
    answer = Asked(guard, iter([b"x"]))()
    assert (answer.status, answer.headers["connection"]) == (408, "close")


def test_an_answer_that_does_not_come_is_given_up() -> None:
    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await asyncio.Event().wait()

    assert Asked(guarded(slow, start(limits={"seconds": 0.01})))().status == 504


def test_a_timeout_of_the_application_itself_stays_one() -> None:
    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        Asked(guarded(failing, start()))()


def test_an_answer_that_has_begun_is_not_followed_by_another() -> None:
    async def stuck(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}", "more_body": True})
        await asyncio.Event().wait()

    answer = Asked(guarded(stuck, start(limits={"seconds": 0.01})))()
    assert [message["type"] for message in answer.messages].count("http.response.start") == 1


def test_a_client_that_asks_too_often_is_told_when_to_come_back() -> None:
    limits = {"requests_per_second": 0.001, "burst": 2}
    a, b = entry("a", name="a", expires=LATER), entry("b", name="b", expires=LATER)
    guard = guarded(echo, start(a, b, limits=limits))
    assert [Asked(guard)(x_api_key="a").status for _ in range(3)] == [200, 200, 429]
    answer = Asked(guard)(x_api_key="a")
    assert 990 <= int(answer.headers["retry-after"]) <= 1000
    assert Asked(guard)(x_api_key="b").status == 200, "another client"
    assert [Asked(guard)("/readyz").status for _ in range(5)] == [200] * 5


def test_guessing_credentials_is_limited_by_address() -> None:
    limits = {"requests_per_second": 0.001, "burst": 2}
    guard = guarded(echo, start(entry("a", expires=LATER), limits=limits))
    assert [Asked(guard)(x_api_key="guess").status for _ in range(3)] == [401, 401, 429]
    assert Asked(guard)(x_api_key="a").status == 200


def test_who_is_known_and_may_not_is_not_taken_for_somebody_who_guesses() -> None:
    limits = {"requests_per_second": 0.001, "burst": 2}
    guard = guarded(echo, start(entry("a", expires=LATER), limits=limits))
    assert [Asked(guard)("/metrics", x_api_key="a").status for _ in range(4)] == [403] * 4
    assert Asked(guard)(x_api_key="guess").status == 401, "nobody guessed before"


def test_a_request_that_is_refused_is_counted_as_such() -> None:
    started = replace(start(entry("a", expires=LATER)), release="r-refused")
    labels = {"route": "refused", "status": "401", "release": "r-refused"}
    guard = guarded(echo, started)
    for count in (1, 2):
        assert Asked(guard)().status == 401
        assert value("serving_requests_total", **labels) == count
    assert Asked(guard)(x_api_key="a").status == 200
    assert value("serving_requests_total", **labels) == 2


def test_a_task_that_is_ended_at_the_deadline_answers_nothing() -> None:
    """The server goes down while the time of a request runs out: its own end comes first."""
    sent: list[Message] = []

    async def ended(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await asyncio.Event().wait()
        finally:  # the deadline has come, and so has the end of the server
            task = asyncio.current_task()
            assert task is not None
            task.cancel()

    async def run() -> None:
        async def send(message: Message) -> None:
            sent.append(message)

        async def receive() -> Message:
            return {"type": "http.request", "body": b""}

        scope: Scope = {
            "type": "http",
            "path": "/predict",
            "method": "POST",
            "headers": [],
            "client": None,
        }
        await guarded(ended, start(limits={"seconds": 0.01}))(scope, receive, send)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run())
    assert sent == []


class Around:
    """A middleware that another library puts around the guard."""

    requests = 0

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        Around.requests += scope["type"] == "http"
        await self.app(scope, receive, send)


def test_once_the_application_has_started_nothing_is_around_the_guard() -> None:
    def guarding(app: ASGIApp) -> Guard:
        return guarded(app, start())

    outer = Starlette(
        middleware=[Middleware(Around), Middleware(guarding)], routes=[Mount("/", echo)]
    )  # fmt: skip
    with TestClient(outer) as client:
        before = Around.requests
        assert client.post("/predict").json()["size"] == 0
    assert Around.requests == before


def test_web_sockets_are_closed() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("nothing is read")

    scope = {"type": "websocket", "path": "/predict", "headers": []}
    asyncio.run(guarded(echo, start())(scope, receive, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]
