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

from delivery.bento.process import Process
from delivery.bento.readiness import local_client
from delivery.errors import TargetError
from delivery.files import program, write_whole
from delivery.targets.local.certificate import certificate
from delivery.targets.local.configuration import configuration
from delivery.targets.local.port import clear_port
from delivery.targets.local.probe import Probe
from delivery.targets.local.route_file import RouteFile

GRACE = 15.0  # s: Traefik itself gives running requests 10 s
DEADLINE = 15.0  # s: a change is in force after some 10 ms
POLL = 0.01  # s
NOBODY: Mapping[str, str] = {}
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
    def file(self) -> RouteFile:
        return RouteFile(self.folder / "dynamic" / "route.yml")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def runs(self) -> bool:
        """Alive, and started with the options of now: another port means another start. The same
        program from the environment of another checkout is no reason to drop connections."""
        return self.process.command()[1:] == self._options() and self.process.alive()

    @property
    def in_order(self) -> bool:
        """Does it run, by a file that can be read?"""
        return self.file.readable and self.runs

    def weights(self) -> Mapping[str, int]:
        """Release → percent, as the file says; empty where it is closed or was never there. See
        `problem` for whether anything keeps to it.

        If the file is lost under a router that runs, that router says which release has all
        the traffic.
        """
        if self.file.readable:
            return self.file.weights()
        release = self._probe.release() if self.process.members() else ""
        return {release: 100} if release else {}

    def problem(self) -> str:
        """What `refresh` would mend; empty where it was never asked to run."""
        if not self.file.path.exists() and not self.process.members():
            return ""
        if not self.file.readable:
            return f"has lost its file {self.file.path.name}"
        if not self.runs:
            return self._why_not_running()
        return self._probe.disobedience(self.file.version())

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
        self._apply(wanted, addresses, set(wanted))

    def refresh(self, neighbours: Mapping[str, str] = NOBODY) -> bool:
        """Put the same weights in force for the releases that are alive now; True if Traefik had
        to be started for it. `neighbours` maps a release that does not answer to another that
        answers its share until the next call."""
        weights, addresses = self.weights(), dict(self.addresses())
        answering = {neighbours.get(name, name) for name in weights} & addresses.keys()
        for release, neighbour in neighbours.items():
            addresses[release] = addresses[neighbour]
        before = self.process.leader()
        self._apply(weights, addresses, answering)
        return self.process.leader() != before

    def stop(self) -> None:
        """End Traefik and forget the route."""
        self.process.stop(grace=GRACE)
        self.file.path.unlink(missing_ok=True)

    @property
    def log(self) -> Path:
        return self.folder / "router.log"

    @property
    def _probe(self) -> Probe:
        return Probe(self.url)

    def _why_not_running(self) -> str:
        if self.process.alive():
            return "runs with other settings than delivery.yaml has"
        if self.process.members():
            return f"has lost its file {self.process.file.name}"
        return "is not running"

    def _apply(
        self, weights: Mapping[str, int], addresses: Mapping[str, str], answering: set[str]
    ) -> None:
        """Put a configuration in force and wait until one of `answering` answers by it."""
        routes, version = configuration(weights, addresses)
        content = {"http": routes, "tls": self._tls()}
        write_whole(self.file.path, json.dumps(content, indent=1) + "\n")
        if not (self.runs or self.process.adopt(self._command())):
            self._start(GRACE)
        elif self._probe.hangs():
            self._start(grace=0)
        else:
            self._tell()
        if not self._await(version, answering):
            # Dead, perhaps of a signal that came before it listened for it, or it hangs. Only once.
            self._start(grace=0)
            if not self._await(version, answering):
                raise TargetError(f"the router of {self.environment} ended: {self._last_words()}")

    def _tell(self) -> None:
        """That its file has changed."""
        leader = self.process.leader()
        with suppress(psutil.NoSuchProcess):
            if leader is not None:
                leader.send_signal(signal.SIGHUP)

    def _tls(self) -> Mapping[str, Any]:
        file, key = certificate(self.folder.absolute() / "tls")
        default = {"certFile": str(file), "keyFile": str(key)}
        return {"stores": {"default": {"defaultCertificate": default}}}

    def _start(self, grace: float) -> None:
        self.process.stop(grace=grace)
        clear_port(self.port, self.environment, self.folder.absolute().parents[1])
        self.log.unlink(missing_ok=True)
        command = (program("traefik"), *self._options())
        self.process.start(command, env={}, log=self.log)

    def _options(self) -> tuple[str, ...]:
        return (
            *OPTIONS,
            f"--entrypoints.web.address=127.0.0.1:{self.port}",
            f"--providers.file.directory={self.file.path.parent.absolute()}",
        )

    def _await(self, version: str, releases: set[str]) -> bool:
        """Ask the route itself until it answers by the file's `version`, with one of `releases`.

        False if Traefik ended meanwhile, or hangs.
        """
        deadline = time.monotonic() + DEADLINE
        answered = "nothing"
        with local_client() as client:
            while time.monotonic() < deadline:
                if not self.process.alive():
                    return False
                try:
                    answer = self._probe.through(client)
                except httpx.TimeoutException:
                    if self._probe.hangs():
                        return False
                except httpx.TransportError:
                    pass  # it does not listen yet
                else:
                    if Probe.fits(answer, version, releases):
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
