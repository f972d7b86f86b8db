"""A lease stands beside the candidate, and ends with its watcher."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from delivery.errors import TargetError
from delivery.targets.docker.place import Place
from delivery.targets.docker.routing.lease import ContainerLease
from delivery.targets.local.routing.lease import answers
from tests.delivery.running import eventually


def test_it_is_answered_for_in_the_network_of_the_candidate(
    place: Place, calls: Callable[[], Sequence[Sequence[str]]]
) -> None:
    lease = ContainerLease(place)
    try:
        assert lease.holds
        lease.attach("candidate")
        assert "--network=container:candidate" in calls()[-1]
        assert eventually(lambda: answers(f"127.0.0.1:{lease.port}"))
        lease.attach("candidate")
        assert len(calls()) == 1, "it is there already"
        lease.end()
        assert not lease.holds
        assert eventually(lambda: not answers(f"127.0.0.1:{lease.port}"))
        lease.renew()
        assert eventually(lambda: answers(f"127.0.0.1:{lease.port}"))
    finally:
        lease.close()
    assert not answers(f"127.0.0.1:{lease.port}")


def test_one_that_does_not_start_says_why(place: Place, home: Path) -> None:
    (home / "bin" / "docker").write_text("#!/bin/sh\necho 'Error: No such container' >&2; exit 125")
    lease = ContainerLease(place)
    with pytest.raises(TargetError, match=r"lease of candidate.*No such container"):
        lease.attach("candidate")
    lease.close()
