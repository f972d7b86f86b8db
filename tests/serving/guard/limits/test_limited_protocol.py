"""What a client can do before it has shown a key: real sockets, real time, real uvicorn."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import socket
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from tests.delivery.running import eventually
from tests.serving.guard.listening import (
    GET,
    HOST,
    PATIENCE,
    Listener,
    listening,
    post,
    rest,
    statuses,
)

LIMIT = 2_000  # bytes of headers
CHUNKED = b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n"
HALF = b"GET / HTTP/1.1\r\n" + HOST + b"X-Rest: "
BIG = 20_000_000  # bytes: more than the buffers of two sockets hold


@pytest.fixture(scope="module", params=["uvloop", "asyncio"])
def quick(request: pytest.FixtureRequest) -> Iterator[Listener]:
    """Limits of time that are reached in a moment."""
    name = f"quick-{request.param}"
    with listening(name, loop=request.param, seconds=0.5, idle_seconds=0.5) as listener:
        yield listener


@pytest.fixture(scope="module")
def small() -> Iterator[Listener]:
    """Limits of size that are reached soon, and much time."""
    with listening("small", header_bytes=LIMIT, headers=20, seconds=PATIENCE) as listener:
        yield listener


@pytest.fixture(scope="module", params=["uvloop", "asyncio"])
def patient(request: pytest.FixtureRequest) -> Iterator[Listener]:
    """Limits of size as they are by default, and much time."""
    name = f"patient-{request.param}"
    with listening(name, loop=request.param, seconds=PATIENCE, idle_seconds=PATIENCE) as listener:
        yield listener


def headed(*headers: bytes, path: bytes = b"/") -> bytes:
    lines = (header + b"\r\n" for header in (b"Host: test", b"Connection: close", *headers))
    return b"GET " + path + b" HTTP/1.1\r\n" + b"".join(lines) + b"\r\n"


def pieces(text: bytes, size: int) -> list[bytes]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def refused(listener: Listener, *parts: bytes) -> int:
    """The status of the one answer, after which the connection is closed."""
    answer = listener.ask(*parts)
    [status] = statuses(answer)
    assert b"connection: close" in answer
    return status


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        (headed(b"X: " + b"x" * (LIMIT - 60)), 200),
        (headed(b"X: " + b"x" * LIMIT), 431),
        (headed(path=b"/" + b"x" * (LIMIT - 60)), 200),
        (headed(path=b"/" + b"x" * LIMIT), 431),
        (headed(b"x" * LIMIT + b": x"), 431),
        (headed(*[b"X: x"] * 18), 200),
        (headed(*[b"X: x"] * 19), 431),
    ],
)
@pytest.mark.parametrize("size", [10_000, 100])
def test_headers_are_limited_in_size_and_number(
    small: Listener, request_text: bytes, status: int, size: int
) -> None:
    """Whether they come at once or in pieces."""
    before = small.closed("headers")
    assert refused(small, *pieces(request_text, size)) == status
    assert small.closed("headers") == before + (status == 431)


@pytest.mark.parametrize(
    "begin",
    [
        b"GET /",
        b"GET / HTTP/1.1\r\nX: ",
        b"GET / HTTP/1.1\r\nX",
        CHUNKED + b"\r\n1\r\nx\r\n0\r\nX: ",
        CHUNKED + b"\r\n1;x=",
    ],
)
def test_what_has_no_end_is_not_read_to_its_end(patient: Listener, begin: bytes) -> None:
    """Address, value, name, trailer and extension of a chunk. Buffers of the system hold some MB
    that nobody has read."""
    connection, sent = patient.connect(begin), 0
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        while sent < 100_000_000:
            sent += connection.send(b"x" * 65_536)
    assert sent < BIG
    assert statuses(rest(connection)) in ([431], [])


def test_many_trailers_are_headers_too(patient: Listener) -> None:
    trailers = (b"X%d: x\r\n" % number * 1_000 for number in itertools.count())
    connection = patient.connect(CHUNKED + b"\r\n1\r\nx\r\n0\r\n")
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        for _, part in zip(range(100_000), trailers, strict=False):
            connection.sendall(part)
    assert statuses(rest(connection)) in ([431], [])


@pytest.mark.parametrize("begin", [b"G", b"GET / HTTP/1.1\r\n", HALF])
def test_headers_that_do_not_arrive_are_given_up(quick: Listener, begin: bytes) -> None:
    before = quick.closed("late")
    assert refused(quick, begin) == 408
    assert quick.closed("late") == before + 1


def dripping(connection: socket.socket, drop: bytes) -> bytes:
    """What comes until the connection is closed, while `drop` is sent again and again."""
    connection.settimeout(0.05)
    answer = b""
    for _ in range(1_000):
        try:
            if not (part := connection.recv(65_536)):
                return answer
            answer += part
        except TimeoutError:
            with contextlib.suppress(ConnectionError):
                connection.sendall(drop)
        except ConnectionError:
            return answer
    raise AssertionError("it is still open")


def test_a_drip_of_headers_is_given_up(quick: Listener) -> None:
    assert statuses(dripping(quick.connect(HALF), b"x")) == [408]


@pytest.mark.parametrize("begin", [b"", b"\r\n", GET])
@pytest.mark.parametrize("drop", [b"", b"\r\n"])
def test_an_idle_connection_is_closed(quick: Listener, begin: bytes, drop: bytes) -> None:
    """One that never asked anything, or nothing more, also where empty lines keep it busy."""
    before = quick.closed("silent")
    answer = dripping(quick.connect(begin), drop)
    assert statuses(answer) == [200] * (begin == GET)
    if begin != GET:  # otherwise uvicorn may be the first to close it
        assert quick.closed("silent") == before + 1


def test_a_body_that_does_not_arrive_is_given_up_as_before(quick: Listener) -> None:
    assert refused(quick, post(b"xxx")[:-1]) == 408


async def refusing(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers before the body is there, and would go on with the connection."""
    headers = [(b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def test_a_body_that_goes_on_after_the_answer_is_given_up() -> None:
    """With no second answer: a client would take it for that of its next request."""
    with listening("early", refusing, seconds=0.5, idle_seconds=0.5) as listener:
        connection = listener.connect(post(b"x" * 10_000)[:-9_000])
        assert statuses(dripping(connection, b"x")) == [401]
        assert listener.closed("late") == 1
        assert statuses(listener.ask(CHUNKED + b"\r\n", b"nonsense\r\n")) in ([401], [400])


async def large(scope: Scope, receive: Receive, send: Send) -> None:
    body = b"x" * BIG
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_an_answer_that_nobody_reads_is_given_up(loop: str) -> None:
    release = f"unread-{loop}"
    with listening(release, large, loop, seconds=0.5, idle_seconds=0.5) as listener:
        listener.connect(GET)
        eventually(lambda: listener.closed("unread") == 1, PATIENCE)
        eventually(lambda: not len(listener.connections), PATIENCE)


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_a_slow_reader_gets_the_whole_answer(loop: str) -> None:
    """Reads a little at a time, for longer than a request or an idle connection may last."""
    with listening(f"slow-{loop}", large, loop, seconds=2, idle_seconds=0.5) as listener:
        connection, received, pause = listener.connect(), 0, threading.Event()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        connection.sendall(GET)
        for _ in range(80):
            received += len(connection.recv(65_536))
            pause.wait(0.05)
        received += len(rest(connection))
        assert received > BIG
        assert listener.closed("unread") == 0


def test_connections_are_limited_and_room_is_given_again() -> None:
    with listening("crowd", connections=2) as listener:
        first, _ = listener.connect(GET), listener.connect()
        eventually(lambda: len(listener.connections) == 2)
        refused = rest(listener.connect())
        assert statuses(refused) == [503]
        assert b"too many connections; close some" in refused
        assert listener.closed("crowd") == 1
        assert statuses(first.recv(65_536)) == [200], "those that are there go on"
        first.close()

        def welcome() -> bool:
            connection = listener.connect()
            with contextlib.suppress(OSError):
                connection.sendall(GET)
                return statuses(connection.recv(65_536)) == [200]
            return False

        eventually(welcome)


def test_many_slow_connections_hold_up_nobody_and_are_gone(quick: Listener) -> None:
    """Half of them drip, the others are silent."""
    slow = [quick.connect(HALF if number % 2 else b"") for number in range(200)]
    for _ in range(20):
        assert statuses(quick.connect(GET).recv(65_536)) == [200]
    for number, connection in enumerate(slow):
        assert statuses(rest(connection)) == ([408] if number % 2 else [])
    eventually(lambda: len(quick.connections) == 0, PATIENCE)


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET / HTTP/1.1\nHost test\n\n",
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: +1\r\n\r\nx",
        CHUNKED + b"\r\nxyz\r\n",
    ],
)
def test_nonsense_has_one_answer(small: Listener, nonsense: bytes) -> None:
    assert refused(small, nonsense + GET) == 400


@pytest.mark.parametrize(
    ("last", "reason"), [(b"\x00\r\n\r\n", "malformed"), (headed(b"X: " + b"x" * LIMIT), "headers")]
)
def test_whole_requests_before_a_bad_one_are_answered(
    small: Listener, last: bytes, reason: str
) -> None:
    """The bad one is not, since its answer would be taken for another's."""
    before = small.closed(reason)
    assert statuses(small.ask(GET + post(b"x") + last)) == [200, 200]
    assert small.closed(reason) == before + 1


# What worked before goes on working.


def test_a_connection_is_used_again(patient: Listener) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", patient.port, timeout=PATIENCE)
    for number in range(20):
        connection.request("POST", "/", b"x" * number * 1_000, {"X-Request-ID": f"id-{number}"})
        response = connection.getresponse()
        assert (response.status, response.headers["X-Request-ID"]) == (200, f"id-{number}")
        assert f'"size": {number * 1_000},' in response.read().decode()
    connection.close()


def test_requests_in_a_row_are_answered_in_that_order(patient: Listener) -> None:
    ids = [b"%d" % number for number in range(2_000)]
    connection = patient.connect()
    connection.sendall(b"".join(post(b"x", b"X-Request-ID: " + each) for each in ids[:-1]))
    connection.sendall(post(b"x", b"X-Request-ID: " + ids[-1], b"Connection: close"))
    answers = rest(connection)
    order = [line[14:] for line in answers.split(b"\r\n") if line.startswith(b"x-request-id: ")]
    assert statuses(answers) == [200] * 2_000
    assert order == ids


@pytest.mark.parametrize("trailer", [b"", b"X-Checksum: abc\r\n"])
def test_chunked_bodies_are_read(patient: Listener, trailer: bytes) -> None:
    chunks = b"".join(b"%x;why=not\r\n%s\r\n" % (size, b"x" * size) for size in range(1, 300))
    request = CHUNKED + b"Connection: close\r\n\r\n" + chunks + b"0\r\n" + trailer + b"\r\n"
    answer = patient.ask(*pieces(request, 1_000))
    assert statuses(answer) == [200]
    assert b'"size": %d,' % sum(range(1, 300)) in answer


def test_who_waits_for_100_gets_it(patient: Listener) -> None:
    connection = patient.connect(post(b"xyz", b"Expect: 100-continue")[:-3])
    assert connection.recv(65_536).startswith(b"HTTP/1.1 100 ")
    connection.sendall(b"xyz")
    answer = connection.recv(65_536)
    assert statuses(answer) == [200]


def test_http_1_0_is_answered_and_closed(patient: Listener) -> None:
    assert statuses(patient.ask(b"GET / HTTP/1.0\r\n\r\n")) == [200]


def test_a_web_socket_is_refused(patient: Listener) -> None:
    upgrade = GET[:-2] + b"\r\n".join(
        [
            b"Connection: Upgrade",
            b"Upgrade: websocket",
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            b"Sec-WebSocket-Version: 13",
            b"",
            b"",
        ]
    )
    others = len(patient.connections)
    assert statuses(patient.connect(upgrade).recv(65_536)) == [403]
    eventually(lambda: len(patient.connections) <= others)


SEVERAL = b"".join(
    [
        post(b"abc"),
        GET,
        CHUNKED + b"\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n",
        b"\r\n" + post(b""),
        GET.replace(b"Host", b"X: x\r\n" * 50 + b"Host"),
    ]
)


@given(st.lists(st.integers(1, len(SEVERAL) - 1), max_size=12))
@settings(max_examples=50, deadline=None)
def test_it_does_not_matter_where_requests_are_cut(patient: Listener, cuts: list[int]) -> None:
    """Across the packets of a network."""
    borders = [0, *sorted(cuts), len(SEVERAL)]
    connection = patient.connect()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
    for start, end in itertools.pairwise(borders):
        connection.sendall(SEVERAL[start:end])
    connection.sendall(post(b"last", b"Connection: close"))
    answers = rest(connection)
    connection.close()
    assert statuses(answers) == [200] * 6
    assert [int(part.split(b",")[0]) for part in answers.split(b'"size": ')[1:]] == [
        *(3, 0, 3, 0, 0),
        4,
    ]
