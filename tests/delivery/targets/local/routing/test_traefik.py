"""Traefik is started once, obeys its file, and is started again where it cannot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from delivery.bento.bento import Bento
from delivery.errors import TargetError
from delivery.targets.local.routing.traefik import Traefik
from delivery.targets.protocol import Target
from tests.delivery.targets.local.clients import freeze_router, kill_router


@pytest.fixture
def traefik(target: Target, bento: Path) -> Traefik:
    """It leads all traffic to r-one."""
    target.runtime.start(Bento("r-one", bento))
    target.router.set_weights({"r-one": 100})
    return target.router.traefik


def test_one_that_runs_obeys_without_another_start(target: Target, traefik: Traefik) -> None:
    before, version = traefik.process.leader(), target.router.file.version()
    traefik.obey(version, {"r-one"})
    assert traefik.process.leader() == before
    assert traefik.problem(version) == ""


@pytest.mark.parametrize("harm", [kill_router, freeze_router])
def test_one_that_died_or_hangs_is_started_again(
    target: Target, traefik: Traefik, harm: Callable[[Target], None]
) -> None:
    before, version = traefik.process.leader(), target.router.file.version()
    harm(target)
    assert traefik.problem(version)
    traefik.obey(version, {"r-one"})
    assert traefik.process.leader() != before
    assert traefik.problem(version) == ""


def test_one_whose_pid_file_is_lost_is_adopted(target: Target, traefik: Traefik) -> None:
    before, version = traefik.process.leader(), target.router.file.version()
    traefik.process.file.unlink()
    assert traefik.problem(version) == "has lost its file router.json"
    traefik.obey(version, {"r-one"})
    assert traefik.process.leader() == before


def test_what_it_does_not_do_is_said_with_what_it_does(
    target: Target, traefik: Traefik, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("delivery.targets.local.routing.traefik.DEADLINE", 0.5)
    with pytest.raises(TargetError, match=r"should answer r-two and after .* it answers 200"):
        traefik.obey(target.router.file.version(), {"r-two"})
