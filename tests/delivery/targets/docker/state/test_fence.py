"""One writer at a time, by a container that has a name."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from delivery.errors import HeldError
from delivery.processes.process import Process
from delivery.targets.docker.state.fence import ContainerFence
from delivery.targets.docker.state.volume import Volume
from delivery.targets.local.routing.orders import LocalOrders
from delivery.targets.orders import Hold
from delivery.targets.protocol import Writer

HOLD = Hold("staging", "ann", "an incident", "2026-11-27T09:00:00+00:00")


@pytest.fixture
def fence(
    volume: Volume, home: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], ContainerFence]:
    monkeypatch.setattr("delivery.targets.docker.state.fence.FREED", 0.1)
    return lambda: ContainerFence(
        "staging", home, LocalOrders(volume), Process(home / "none"),
        place=volume.place, volume=volume,
    )  # fmt: skip


def test_a_second_writer_is_told_who_the_first_is(fence: Callable[[], ContainerFence]) -> None:
    with (
        fence().lock(Writer.DEPLOYMENT),
        pytest.raises(HeldError, match=f"a deployment in process {os.getpid()} on"),
        fence().lock(Writer.DEPLOYMENT),
    ):
        pass
    with fence().lock(Writer.DEPLOYMENT):
        pass


def test_who_lost_the_lock_writes_nothing(
    fence: Callable[[], ContainerFence], volume: Volume
) -> None:
    first, second = fence(), fence()
    with first.lock(Writer.DEPLOYMENT):
        with first.write():
            (volume / "route").write_whole("one")
        with second.lock(Writer.ROLLBACK):
            with pytest.raises(HeldError, match="took over"), first.write():
                pass
            with second.write():
                (volume / "route").write_whole("two")
        with pytest.raises(HeldError, match="took over"):
            first.require_turn()
    assert (volume / "route").read_text() == "two"


def test_an_order_stops_a_deployment_and_not_the_supervisor(
    fence: Callable[[], ContainerFence], volume: Volume
) -> None:
    LocalOrders(volume).write_hold(HOLD)
    with pytest.raises(HeldError, match="an incident"), fence().lock(Writer.DEPLOYMENT):
        pass
    with fence().lock(Writer.SUPERVISOR):
        pass


def test_a_deployment_waits_for_a_supervisor(
    fence: Callable[[], ContainerFence], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("delivery.targets.local.routing.fence.PATIENCE", 0.3)
    with (
        fence().lock(Writer.SUPERVISOR),
        pytest.raises(HeldError, match="the supervisor in process"),
        fence().lock(Writer.DEPLOYMENT),
    ):
        pass
