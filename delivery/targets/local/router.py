"""The router of one environment: a Traefik of its own, and the one file that it reads.

That file is the truth about the route. It is replaced in one step and Traefik is told by SIGHUP,
so nothing depends on file watching. Requests that are under way stay with the release that has
them; nothing is retried, so a failure of a release is seen.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Mapping
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
from delivery.files import program, write_whole
from delivery.targets.local.certificate import certificate
from delivery.targets.local.configuration import PROBE, VERSION, configuration, weights_of

GRACE = 15.0  # s: Traefik itself gives running requests 10 s
DEADLINE = 15.0  # s: a change is in force after some 10 ms
POLL = 0.01  # s
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
class LocalRouter:
    """Traefik on 127.0.0.1:`port`, with its state in `folder`.

    `addresses` gives the URLs of the releases that are alive; the share of one that is not is
    answered 503.
    """

    folder: Path
    port: int
    environment: str
    addresses: Callable[[], Mapping[str, str]]

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

    @property
    def runs(self) -> bool:
        """Alive, and started with the options of now: another port means another start. The same
        program from the environment of another checkout is no reason to drop connections."""
        return self.process.command()[1:] == self._options() and self.process.alive()

    def weights(self) -> Mapping[str, int]:
        """Release → percent, as the file says; empty where it is closed or not there. See
        `healthy` for whether anything keeps to it."""
        try:
            content = json.loads(self.file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return weights_of(content["http"])

    def healthy(self) -> bool:
        """Does it run as it should? True where it was never asked to."""
        return not self.file.exists() or self.runs

    def set_weights(self, weights: Mapping[str, int]) -> None:
        """Route the traffic so, and wait until the route answers so. Starts Traefik if need be.

        Raises:
            InputError: something else listens on the port.
            TargetError: a release does not run, Traefik does not start, or does not do as it was
                told.
        """
        wanted = {release: share for release, share in weights.items() if share}
        if any(share < 0 for share in wanted.values()) or sum(wanted.values()) not in (0, 100):
            raise ValueError(f"weights are percentages that add up to 100, or none: {weights}")
        addresses = self.addresses()
        if missing := sorted(wanted.keys() - addresses.keys()):
            raise TargetError(
                f"{', '.join(missing)} does not run in {self.environment}, so it gets no traffic; "
                f"the route is unchanged. `delivery deploy {self.environment}` starts it."
            )
        self._apply(wanted, addresses)

    def refresh(self) -> None:
        """Put the same weights in force for the releases that are alive now."""
        self._apply(self.weights(), self.addresses())

    def _apply(self, weights: Mapping[str, int], addresses: Mapping[str, str]) -> None:
        routes, version = configuration(weights, addresses)
        content = {"http": routes, "tls": self._tls()}
        write_whole(self.file, json.dumps(content, indent=1) + "\n")
        leader = self.process.leader() if self.runs else None
        if leader is None:
            self._start()
        else:
            with suppress(psutil.NoSuchProcess):
                leader.send_signal(signal.SIGHUP)
        releases = {release for release in weights if release in addresses}
        if not self._await(version, releases):
            # Dead, perhaps of a signal that came before it listened for it. Only once more.
            self._start()
            if not self._await(version, releases):
                raise TargetError(f"the router of {self.environment} ended: {self._last_words()}")

    def stop(self) -> None:
        """End Traefik and forget the route."""
        self.process.stop(grace=GRACE)
        self.file.unlink(missing_ok=True)

    def _tls(self) -> Mapping[str, Any]:
        file, key = certificate(self.folder.absolute() / "tls")
        default = {"certFile": str(file), "keyFile": str(key)}
        return {"stores": {"default": {"defaultCertificate": default}}}

    def _start(self) -> None:
        self.process.stop(grace=GRACE)
        self._check_port()
        self.log.unlink(missing_ok=True)
        command = (program("traefik"), *self._options())
        self.process.start(command, env={}, log=self.log)

    def _options(self) -> tuple[str, ...]:
        return (
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
        answered = "nothing"
        with local_client() as client:
            while time.monotonic() < deadline:
                if not self.process.alive():
                    return False
                with suppress(httpx.TransportError):
                    answer = client.get(f"{self.url}/release", headers={PROBE: "1"})
                    if answer.headers.get(VERSION) == version and _fits(answer, releases):
                        return True
                    answered = f"{answer.status_code} {answer.text[:200]!r}"
                time.sleep(POLL)
        raise TargetError(
            f"the route {self.url} should answer {' or '.join(sorted(releases)) or '503'} and "
            f"after {DEADLINE:.0f} s it answers {answered}. Run "
            f"`delivery deploy {self.environment}` again; the router's log is {self.log}."
        )

    def _last_words(self) -> str:
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
