"""A lease holds for as long as its watcher renews it."""

from __future__ import annotations

import httpx
import pytest

from delivery.bento.readiness import local_client
from delivery.targets.local.routing import lease as leasing
from delivery.targets.local.routing.lease import watched


def asked(port: int) -> int:
    with local_client() as client:
        return client.get(f"http://127.0.0.1:{port}/lease").status_code


def test_it_holds_from_the_start_and_ends_with_the_block() -> None:
    with watched() as lease:
        assert lease.holds
        assert asked(lease.port) == 200
        port = lease.port
    assert not lease.holds
    with pytest.raises(httpx.TransportError):
        asked(port)


def test_one_that_is_not_renewed_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    with watched() as lease:
        monkeypatch.setattr(leasing, "LASTS", -1.0)
        lease.renew()
        assert asked(lease.port) == 503
        monkeypatch.undo()
        lease.renew()
        assert asked(lease.port) == 200


def test_its_watcher_can_end_it() -> None:
    with watched() as lease:
        lease.end()
        assert asked(lease.port) == 503
