"""The Traefik of one environment: started, told that its file has changed, and waited for."""

from __future__ import annotations

import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from delivery.bento.readiness import local_client
from delivery.errors import TargetError
from delivery.files import program, write_whole
from delivery.processes.process import Process
from delivery.targets.local.routing.configuration import PLUGIN
from delivery.targets.local.routing.port import clear_port
from delivery.targets.local.routing.probe import Probe
from delivery.targets.local.routing.records import Records
from delivery.targets.local.routing.requests import ENTITY, FIELDS, IDENTITY, SLOT, STEP

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
    # What delivery.targets.local.routing.requests reads. No address of a client is written down,
    # and no header but the id of its request.
    "--accesslog.format=json",
    "--accesslog.fields.defaultmode=drop",
    *(f"--accesslog.fields.names.{field}=keep" for field in FIELDS),
    "--accesslog.fields.headers.defaultmode=drop",
    *(f"--accesslog.fields.headers.names.{name}=keep" for name in (STEP, SLOT, ENTITY, IDENTITY)),
    f"--experimental.localplugins.{PLUGIN}.modulename=delivery/{PLUGIN}",
)
SOURCE = Path(__file__).parent / PLUGIN  # of the middleware that Traefik interprets


@dataclass(frozen=True, slots=True)
class Traefik:
    """One on 127.0.0.1:`port`, with its state in `folder`, that reads the folder `routes`."""

    folder: Path
    port: int
    environment: str
    routes: Path

    @property
    def process(self) -> Process:
        return Process(self.folder / "router.json")

    @property
    def probe(self) -> Probe:
        return Probe(f"http://127.0.0.1:{self.port}")

    @property
    def records(self) -> Records:
        """What it writes down about requests while a candidate has a share."""
        return Records(self.folder / "records")

    @property
    def runs(self) -> bool:
        """Alive, and started with the options of now: another port means another start. The same
        program from the environment of another checkout is no reason to drop connections."""
        return self.process.command()[1:] == self._command()[1:] and self.process.alive()

    def problem(self, version: str) -> str:
        """What `obey` would mend; empty where it keeps to `version` of its file."""
        if self.runs:
            return self.probe.disobedience(version)
        if self.process.alive():
            return "runs with other settings than delivery.yaml has"
        if self.process.members():
            return f"has lost its file {self.process.file.name}"
        return "is not running"

    def obey(self, version: str, releases: set[str]) -> None:
        """Put its file in force, and wait until it answers by `version`, with one of `releases`
        or, where there are none, by 503. Starts it if need be.

        Raises:
            InputError: something else listens on the port.
            TargetError: it does not start, or does not do as it was told.
        """
        if not (self.runs or self.process.adopt(self._command())):
            self._start(GRACE)
        elif self.probe.hangs():
            self._start(grace=0)
        else:
            self._tell()
        if not self._await(version, releases):
            # Dead, perhaps of a signal that came before it listened for it, or it hangs. Only once.
            self._start(grace=0)
            if not self._await(version, releases):
                raise TargetError(f"the router of {self.environment} ended: {self._last_words()}")

    def reopen(self) -> None:
        """The file of its records, which was moved away or deleted."""
        self._signal(signal.SIGUSR1)

    def stop(self) -> None:
        self.process.stop(grace=GRACE)

    @property
    def _log(self) -> Path:
        return self.folder / "router.log"

    def _tell(self) -> None:
        """That its file has changed."""
        self._signal(signal.SIGHUP)

    def _signal(self, sign: signal.Signals) -> None:
        leader = self.process.leader()
        with suppress(psutil.NoSuchProcess):
            if leader is not None:
                leader.send_signal(sign)

    def _start(self, grace: float) -> None:
        self.process.stop(grace=grace)
        clear_port(self.port, self.environment, self.folder.absolute().parents[1])
        self._log.unlink(missing_ok=True)
        self.records.file.parent.mkdir(parents=True, exist_ok=True)
        for file in sorted(SOURCE.iterdir()):
            copy = self.folder / "plugins-local" / "src" / "delivery" / PLUGIN / file.name
            write_whole(copy, file.read_text(encoding="utf-8"))
        self.process.start(self._command(), env={}, log=self._log)

    def _command(self) -> tuple[str, ...]:
        return (
            program("traefik"),
            *OPTIONS,
            f"--entrypoints.web.address=127.0.0.1:{self.port}",
            f"--providers.file.directory={self.routes.absolute()}",
            f"--accesslog.filepath={self.records.file.absolute()}",
        )

    def _await(self, version: str, releases: set[str]) -> bool:
        """Ask until it answers so; False if it ended meanwhile, or hangs."""
        deadline = time.monotonic() + DEADLINE
        answered = "nothing"
        with local_client() as client:
            while time.monotonic() < deadline:
                if not self.process.alive():
                    return False
                try:
                    answer = self.probe.through(client)
                except httpx.TimeoutException:
                    if self.probe.hangs():
                        return False
                except httpx.TransportError:
                    pass  # it does not listen yet
                else:
                    if Probe.fits(answer, version, releases):
                        return True
                    answered = f"{answer.status_code} {answer.text[:200]!r}"
                time.sleep(POLL)
        raise TargetError(
            f"the route {self.probe.url} should answer {' or '.join(sorted(releases)) or '503'} "
            f"and after {DEADLINE:.0f} s it answers {answered}. Run "
            f"`delivery deploy {self.environment}` again; the router's log is {self._log}."
        )

    def _last_words(self) -> str:
        try:
            return self._log.read_text(encoding="utf-8", errors="replace")[-600:].strip()
        except FileNotFoundError:
            return "it wrote nothing"
