"""What people start who only want to look: valid, closed to other machines, and it answers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from delivery.bento.readiness import local_client
from delivery.documents import parse_yaml
from tests.checkout import ROOT
from tests.delivery.running import eventually, free_port
from tests.images.placed import Dock

FILE = ROOT / "infra" / "compose" / "compose.yaml"
IMAGE = f"registry.example/online@sha256:{'a' * 64}"
Compose = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def compose() -> Compose:
    """`docker compose`, or Debian's docker-compose."""
    plugin = shutil.which("docker") and subprocess.run(
        ["docker", "compose", "version"], capture_output=True, check=False
    )
    command = ["docker", "compose"] if plugin and plugin.returncode == 0 else ["docker-compose"]
    if shutil.which(command[0]) is None:
        pytest.skip("no docker compose: `apt-get install docker-compose` brings one")

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, "-f", str(FILE), "-p", "look-test", *arguments],
            env={**os.environ, **variables}, capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


def services(compose: Compose) -> Mapping[str, Any]:
    done = compose("config", IMAGE=IMAGE)
    assert done.returncode == 0, done.stderr
    found: Mapping[str, Any] = parse_yaml(done.stdout, "compose")["services"]
    return found


def test_it_is_valid_and_every_file_that_it_mounts_is_there(compose: Compose) -> None:
    found = services(compose)
    assert set(found) == {"service", "router", "prometheus", "grafana"}
    assert found["service"]["image"] == IMAGE
    sources = [_source(volume) for each in found.values() for volume in each.get("volumes", ())]
    assert len(sources) == 6
    assert [name for name in sources if not (ROOT / name).exists()] == []


def test_without_an_image_it_says_what_to_name(compose: Compose) -> None:
    done = compose("config", IMAGE="")
    assert done.returncode != 0
    assert "name the image of a release" in done.stdout + done.stderr


def test_nothing_is_published_beyond_this_machine_or_may_more_than_it_needs(
    compose: Compose,
) -> None:
    for name, each in services(compose).items():
        assert each["read_only"], name
        assert each["cap_drop"] == ["ALL"], name
        assert each["security_opt"] == ["no-new-privileges:true"], name
        assert not {"privileged", "network_mode", "pid"} & set(each), name
        assert "docker.sock" not in json.dumps(each), name
        for port in each.get("ports", ()):
            assert _host(port) == "127.0.0.1", name


@pytest.mark.images
def test_service_and_router_answer(compose: Compose, docked: Dock) -> None:
    """Prometheus and Grafana have no image here."""
    port = free_port()
    variables = {
        "IMAGE": str(docked.service), "TRAEFIK_IMAGE": str(docked.router), "PORT": str(port),
        "DOCKER_HOST": docked.docker.host,
    }  # fmt: skip
    try:
        done = compose("up", "--detach", "service", "router", **variables)
        assert done.returncode == 0, done.stderr
        eventually(lambda: status(port, "/release") == 200, seconds=60)
        assert status(port, "/metrics") == 404  # they are Prometheus' alone
    finally:
        compose("down", **variables)


def status(port: int, path: str) -> int:
    """What a client gets; 0 where nothing answers."""
    with local_client() as client:
        try:
            return client.get(f"http://127.0.0.1:{port}{path}").status_code
        except httpx.HTTPError:
            return 0


def _source(volume: str | Mapping[str, Any]) -> str:
    return volume.partition(":")[0] if isinstance(volume, str) else str(volume["source"])


def _host(port: str | Mapping[str, Any]) -> str:
    return port.partition(":")[0] if isinstance(port, str) else str(port.get("host_ip"))
