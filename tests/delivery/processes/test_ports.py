"""A port is taken where a client would get an answer, and its holder is named."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import closing

import psutil
import pytest

from delivery.processes.ports import holder, listening, taken
from tests.delivery.running import free_port


class Gone:
    """A process that ends while it is asked."""

    def net_connections(self, kind: str) -> list[object]:
        raise psutil.NoSuchProcess(1)


@pytest.fixture(params=["127.0.0.1", "0.0.0.0"])
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    with closing(socket.create_server((request.param, 0))) as server:
        yield server.getsockname()[1]


def test_who_listens_takes_the_port_and_is_named(port: int) -> None:
    assert taken(port)
    assert f"process {os.getpid()} (" in holder(port)


def test_nobody_listens_on_a_free_port() -> None:
    port = free_port()
    assert not taken(port)
    assert holder(port) == ""


def test_a_port_that_is_bound_by_one_that_does_not_listen_yet_is_taken() -> None:
    with closing(socket.socket()) as bound:
        bound.bind(("127.0.0.1", 0))
        assert taken(bound.getsockname()[1])


def test_a_port_where_a_connection_just_ended_is_free() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        served, _ = server.accept()
        served.close()  # this side waits for what may still come
        client.close()
    assert not taken(port)


def test_a_process_that_is_gone_has_no_ports(port: int) -> None:
    own = psutil.Process()
    found = list(listening([Gone(), own]))  # type: ignore[list-item]
    assert (own, port) in found
    assert {process for process, _ in found} == {own}
