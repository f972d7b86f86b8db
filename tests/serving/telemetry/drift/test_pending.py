"""Sums are handed over soon, at a flush, and never lost."""

from __future__ import annotations

import asyncio

import pytest

from serving.telemetry.drift.pending import Pending


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.telemetry.drift.pending.INTERVAL", 0.001)


def test_what_waits_is_published_once_in_a_while() -> None:
    pending = Pending()

    async def ask() -> None:
        published = asyncio.Event()
        for _ in range(2):
            pending.add(published.set)
            assert not published.is_set()
            await asyncio.wait_for(published.wait(), 60)
            published.clear()

    asyncio.run(ask())
    asyncio.run(ask())  # another event loop has another timer


def test_a_flush_publishes_at_once_and_one_time() -> None:
    pending, published = Pending(), []

    async def ask() -> None:
        pending.add(lambda: published.append(1))
        pending.flush()
        assert published == [1]
        pending.flush()

    asyncio.run(ask())
    assert published == [1]


def test_nothing_waits_outside_of_an_event_loop() -> None:
    published: list[int] = []
    Pending().add(lambda: published.append(1))
    assert published == [1]


def test_a_bug_costs_the_others_nothing(caplog: pytest.LogCaptureFixture) -> None:
    pending, published = Pending(), []

    async def ask() -> None:
        pending.add(lambda: 1 / 0)  # type: ignore[arg-type, return-value]
        pending.add(lambda: published.append(1))
        pending.flush()

    asyncio.run(ask())
    assert published == [1]
    assert "ZeroDivisionError" in caplog.text
