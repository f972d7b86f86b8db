"""docs/front-door.md as it stands, with real proxies: by TLS and with a key, and not otherwise."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from delivery.files import program
from serving.guard.keys import make_key
from tests.delivery.machine import Machine, machine
from tests.delivery.running import eventually, free_port
from tests.origin import ROOT, Origin
from tests.serving.authority import Authority

PAGE = (ROOT / "docs" / "front-door.md").read_text(encoding="utf-8")
ONE = "r-111111111111"
KEYS = {scope: make_key(scope, [scope], 1) for scope in ("predict", "metrics")}
# Of Caddy: it takes no orders here and touches nothing of this machine.
ALONE = "{\n\tadmin off\n\tauto_https off\n\tskip_install_trust\n}\n"


def block(language: str, text: str) -> str:
    """The one code block of the page in a language that has `text` in it."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    (block,) = (content for content in blocks if text in content)
    return str(block)


@dataclass(frozen=True)
class Place:
    """The folder for what the page keeps in /etc, and the ports in place of the page's."""

    folder: Path
    ports: Mapping[int, int]

    def fitted(self, text: str) -> str:
        for port, own in self.ports.items():
            text = re.sub(rf"(?<=[: ]){port}\b", str(own), text)
        text = text.replace("models.example.com", "localhost")
        return text.replace("/etc/flights", str(self.folder))

    def write(self, name: str, text: str) -> Path:
        file = self.folder / name
        file.write_text(text, encoding="utf-8")
        return file


def traefik(place: Place) -> list[str]:
    place.write("routes.yml", place.fitted(block("yaml", "forwardAuth:")))
    file = place.write("front-door.yml", place.fitted(block("yaml", "entryPoints:\n  https:")))
    return [program("traefik"), f"--configfile={file}"]


def caddy(place: Place) -> list[str]:
    site = place.fitted(block("caddyfile", "forward_auth"))
    certificate = f"tls {place.folder}/cert.pem {place.folder}/key.pem"
    own = f"https://localhost:{place.ports[443]} {{\n\t{certificate}\n"
    file = place.write("Caddyfile", ALONE + site.replace("localhost {\n", own, 1))
    return [str(shutil.which("caddy")), "run", "--config", str(file), "--adapter", "caddyfile"]


def forward_auth(place: Place) -> tuple[list[str], Mapping[str, str]]:
    """The command and the variables of the page's unit, with keys of these tests."""
    unit = place.fitted(block("ini", "forward_auth"))
    command = shlex.split(unit.partition("ExecStart=")[2].partition("\n")[0])
    entries = json.dumps([entry.model_dump(mode="json") for _, entry in KEYS.values()])
    text = re.sub(r"(?<=SERVING_API_KEYS=').*(?=')", entries, block("sh", "SERVING_API_KEYS="))
    file = place.write("forward-auth.env", text)
    shell = ["env", "-i", "sh", "-ac", f". {file}; env"]
    shown = subprocess.run(shell, capture_output=True, check=True, text=True).stdout
    variables = dict(line.split("=", 1) for line in shown.splitlines())
    return [sys.executable, *command[1:]], variables


@contextmanager
def process(command: list[str], variables: Mapping[str, str], folder: Path) -> Iterator[None]:
    with (
        (folder / f"{Path(command[0]).name}.log").open("w") as log,
        subprocess.Popen(
            command, cwd=ROOT, env={**variables, "HOME": str(folder)}, stdout=log, stderr=log
        ) as started,
    ):
        try:
            yield
        finally:
            started.terminate()


@pytest.fixture
def world(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    with machine(origin, monkeypatch) as made:
        yield made


@pytest.fixture(params=[traefik, caddy])
def client(
    request: pytest.FixtureRequest, world: Machine, tmp_path: Path
) -> Iterator[httpx.Client]:
    """Of a client that knows the address of the front door and its authority."""
    door: Callable[[Place], list[str]] = request.param
    if door is caddy and not shutil.which("caddy"):
        pytest.skip("caddy is not on PATH; Debian has it as a package")
    authority = Authority(tmp_path / "authority")
    folder = tmp_path / "etc"
    folder.mkdir()
    for made, name in zip(authority.issue("door"), ("cert.pem", "key.pem"), strict=True):
        shutil.copy(made, folder / name)
    port = world.settle("production", ONE).router.port
    place = Place(folder, {7102: port, 7190: free_port(), 443: free_port()})
    context = ssl.create_default_context(cafile=authority.certificate)
    url = f"https://localhost:{place.ports[443]}"
    with (
        process(*forward_auth(place), folder),
        process(door(place), {}, folder),
        httpx.Client(base_url=url, verify=context, trust_env=False) as made_client,
    ):
        eventually(lambda: status(made_client, "/livez") == 200, seconds=60)
        yield made_client


def status(client: httpx.Client, path: str, key: str = "", **headers: str) -> int:
    try:
        return client.get(path, headers={"X-API-Key": key, **headers}).status_code
    except httpx.TransportError:
        return 0


def test_with_a_key_and_by_tls_and_not_otherwise(client: httpx.Client) -> None:
    secret, other = KEYS["predict"][0], KEYS["metrics"][0]
    answer = client.get("/release", headers={"Authorization": f"Bearer {secret}"})
    assert answer.json()["release"] == ONE
    assert status(client, "/release", secret) == 200
    assert status(client, "/release") == 401
    assert status(client, "/release", "sk_unknown") == 401
    assert status(client, "/release", other) == 403
    assert status(client, "/metrics", secret) == 403
    assert status(client, f"{client.base_url}//metrics", secret) in (400, 403)
    assert status(client, "/x/%2e%2e/metrics", secret) in (400, 403)
    # What forward auth is asked with comes from the front door, whatever a client says.
    spoofed = {"X-Forwarded-Uri": "/livez", "X-Forwarded-Method": "GET"}
    assert status(client, "/release", **spoofed) == 401
    seen = client.get("/headers", headers={"X-API-Key": secret, "X-Delivery-Probe": "2"}).json()
    assert {name.lower() for name in seen}.isdisjoint(
        {"x-api-key", "authorization", "x-delivery-probe"}
    )
    plain = str(client.base_url).replace("https", "http")
    with httpx.Client(base_url=plain, trust_env=False) as http:
        assert status(http, "/release", secret) in (0, 400, 404)


def test_nothing_but_the_front_door_can_be_reached_from_elsewhere(world: Machine) -> None:
    target = world.settle("production", ONE)
    runs = [*target.router.process.members()]
    runs += target.runtime.files.current(ONE).server.process.members()
    listening = {
        connection.laddr.ip
        for member in runs
        for connection in psutil.Process(member.pid).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not there")
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    unit = block("ini", "forward_auth").replace("/srv/flights/.venv/bin/python", sys.executable)
    file = tmp_path / "flights-forward-auth.service"
    file.write_text(unit.replace("/srv/flights", str(tmp_path)).replace("User=flights\n", ""))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(file)], capture_output=True, text=True, check=False
    )
    about = [line for line in done.stderr.splitlines() if file.name in line]
    assert (done.returncode, about) == (0, [])
