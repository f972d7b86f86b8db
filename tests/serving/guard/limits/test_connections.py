"""Connections are counted by address, and looked at in steps."""

from __future__ import annotations

import asyncio
import time

import pytest
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from serving.guard.limits.connections import Connections, counted_address
from serving.settings.policy import Limits
from tests.delivery.running import eventually


class Connection:
    steps = 0

    def step(self) -> None:
        self.steps += 1


def test_connections_of_one_address_are_limited() -> None:
    async def run() -> None:
        connections = Connections(Limits(connections_per_address=2), "r")
        mine = [Connection() for _ in range(3)]
        denied = [connections.add(each, "10.0.0.1") for each in mine]
        assert [each is None for each in denied] == [True, True, False]
        assert (denied[2].status, "from this address" in str(denied[2])) == (503, True)
        assert connections.add(Connection(), "10.0.0.2") is None
        for each in mine:
            connections.remove(each)
            connections.remove(each)
        assert connections.add(Connection(), "10.0.0.1") is None
        assert [connections.add(Connection(), "") for _ in range(10)] == [None] * 10

    asyncio.run(run())


def test_all_connections_are_limited() -> None:
    async def run() -> None:
        connections = Connections(Limits(connections=2), "r")
        denied = [connections.add(Connection(), f"10.0.0.{number}") for number in range(3)]
        assert [each is None for each in denied] == [True, True, False]
        assert len(connections) == 3

    asyncio.run(run())


def test_each_is_looked_at_until_it_is_gone() -> None:
    async def run() -> None:
        connections, one = Connections(Limits(idle_seconds=0.01), "r"), Connection()
        for _ in range(2):  # also after there was none
            one.steps = 0
            connections.add(one, "")
            while one.steps < 3:
                await asyncio.sleep(0.001)
            connections.remove(one)
            seen = one.steps
            await asyncio.sleep(0.02)
            assert one.steps == seen

    asyncio.run(run())


def test_a_busy_worker_blames_nobody() -> None:
    """A second in which nothing was looked at is a step, not a thousand."""

    async def run() -> int:
        connections, one = Connections(Limits(idle_seconds=0.01), "r"), Connection()
        connections.add(one, "")
        time.sleep(1)
        await asyncio.sleep(0)
        return one.steps

    assert asyncio.run(run()) < 100


def test_limits_are_whole_steps() -> None:
    connections = Connections(Limits(seconds=10, idle_seconds=5), "r")
    assert (connections.request_steps, connections.idle_steps) == (20, 10)
    assert eventually(lambda: len(connections) == 0)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("10.0.0.9", ""),
        ("127.0.0.1", ""),
        ("127.5.0.1", ""),
        ("::1", ""),
        ("::ffff:127.0.0.1", ""),
    ],
)
def test_a_client_is_its_address_and_a_proxy_is_nobody(host: str, address: str) -> None:
    trusted = ProxyHeadersMiddleware(None, trusted_hosts="10.0.0.9").trusted_hosts
    assert counted_address((host, 5), trusted) == address


def test_a_socket_without_an_address_is_nobody() -> None:
    assert counted_address(None, ()) == ""
