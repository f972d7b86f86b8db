"""An environment on an engine is put together from settings alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery.errors import InputError
from delivery.settings.policy import DockerTargetSettings, Environment, EnvironmentSettings
from delivery.targets.docker.target import docker_target
from delivery.targets.protocol import Target
from serving.settings.service import ServingSettings
from tests.delivery.place import environment
from tests.delivery.targets.docker.conftest import BASE

ROUTER = f"registry.example/traefik@sha256:{'b' * 64}"


def made(folder: Path, name: str = "staging", router: str = ROUTER) -> Target:
    place = DockerTargetSettings(kind="docker", port=7101, base=BASE, router=router)
    whole = Environment(
        name, EnvironmentSettings(target=place), ServingSettings(auth="keys"), None, None, None
    )
    return docker_target(whole, folder)


def test_it_can_what_the_local_one_can_and_keeps_nothing_here(home: Path) -> None:
    target = made(home / "workspace")
    assert target.capabilities.lasting
    assert target.capabilities.lacks(["shares", "sticky", "records"]) == []
    assert target.router.url == "http://127.0.0.1:7101"
    assert target.runtime.settings.auth == "none"
    assert not (home / "workspace").exists()


def test_two_commands_of_a_process_share_a_hand(home: Path) -> None:
    first, second = made(home), made(home)
    assert first.runtime.folder is second.runtime.folder
    assert made(home, "production").runtime.folder is not first.runtime.folder


def test_a_name_that_is_none_is_refused(home: Path) -> None:
    with pytest.raises(InputError, match=r"environments\.staging\.target\.router is .*expected"):
        made(home, router=f"x//y@sha256:{'b' * 64}")


def test_it_is_for_settings_of_its_kind(home: Path) -> None:
    with pytest.raises(TypeError):
        docker_target(environment("staging"), home)
