"""What is as it should be is known by labels alone, without making an image."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from delivery.targets.docker.containers import OTHER, Container, Containers, Limits
from delivery.targets.docker.engine import Engine
from delivery.targets.docker.place import Place
from serving.settings.service import ServingSettings


@pytest.fixture
def containers(place: Place) -> Containers:
    return Containers(place, ServingSettings(), Limits("1g", 1.0))


def facts(release: str = "r-1", *, running: bool = True, **state: Any) -> dict[str, Any]:
    whole = {"Running": running, "Paused": False, "OOMKilled": False, "ExitCode": 0, **state}
    return {
        "Id": "0123456789abcdef",
        "Name": f"/delivery-staging-{release}-abc",
        "Created": "2026-11-27T10:00:00Z",
        "Config": {"Labels": {"model-delivery.release": release}},
        "HostConfig": {"RestartPolicy": {"Name": "no"}},
        "NetworkSettings": {"Networks": {"inside": {"IPAddress": "10.0.0.3" if running else ""}}},
        "State": {"StartedAt": "2026-11-27T10:00:00.123456789Z", **whole},
    }


def test_a_container_that_runs_has_an_address(home: Path) -> None:
    instance = Container(facts()).instance(Engine())
    assert (instance.url, instance.alive, instance.problem) == ("http://10.0.0.3:3000", True, "")
    assert instance.detail == "container 0123456789ab"


@pytest.mark.parametrize(
    ("state", "problem"),
    [
        ({"Paused": True}, "is paused"),
        ({"running": False, "ExitCode": 3}, "is not running (exit 3)"),
        ({"running": False, "OOMKilled": True}, "is not running (it had no more memory)"),
    ],
)
def test_what_is_wrong_is_said(home: Path, state: dict[str, Any], problem: str) -> None:
    assert Container(facts(**state)).instance(Engine()).problem == problem


def test_other_limits_or_settings_are_another_start(containers: Containers) -> None:
    started = facts()
    started["Config"]["Labels"]["model-delivery.options"] = containers._digest("r-1")
    assert containers.fits(Container(started))
    for other in (
        replace(containers, limits=Limits("2g", 1.0)),
        replace(containers, settings=ServingSettings(protocols=("native", "v2"))),
    ):
        assert not other.fits(Container(started))
        assert other._read(Container(started)).problem == OTHER


def test_nobody_is_told_that_a_lost_release_runs(containers: Containers) -> None:
    assert containers.read("r-lost").problem == "is not running"
