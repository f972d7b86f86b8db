"""Run a bento: in the environment of its own lock, in a process and a home of its own."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from delivery.bento.environment import bytecode, environment
from delivery.bento.readiness import is_ready, local_client
from delivery.errors import TargetError
from delivery.files import LockedError, locked
from delivery.processes.marks import marked_below
from delivery.processes.ports import listening
from delivery.processes.process import Process
from serving.settings.host import ENVIRONMENT, LOCAL, LOG_FOLDER
from serving.settings.service import ServingSettings

READY = 90.0  # s: a start takes 2 to 5 s, and 15 s with cold caches on two busy cores
POLL = 0.1  # s: a look at all processes and their ports costs 15 ms
GRACE = 30.0  # s: what running requests get when a server is stopped
ATTEMPTS = 3  # starts, where another process takes a port at the wrong moment
CRASHES = 3  # workers that may die during one start
# All that a bento sees of the caller's environment: no tokens, no Python settings.
PASSED = ("LANG", "LC_ALL", "TZ", "TMPDIR", "OMP_NUM_THREADS")
TAKEN = "Address already in use"
LOG = "server.log"
DEFAULTS = ServingSettings()


@dataclass(frozen=True, slots=True)
class Server:
    """One bento being served from `folder`: its pid file, its log, its BENTOML_HOME."""

    folder: Path
    settings: ServingSettings = DEFAULTS
    predictions: Path | None = None  # where it writes what it answered; None: nowhere

    @property
    def process(self) -> Process:
        return Process(self.folder / "server.json")

    @property
    def log(self) -> Path:
        return self.folder / LOG

    def start(self, bento: Path, release: str, envs: Path) -> str:
        """Serve the folder `bento` as `release`; its URL once /readyz answers 200.

        Raises:
            TargetError: it does not come up; the message ends with what its log says.
        """
        python = environment(bento, envs)
        self.folder.mkdir(parents=True, exist_ok=True)
        for attempt in range(ATTEMPTS):
            self.log.unlink(missing_ok=True)
            self.process.start(
                _command(python, bento), env=self._env(python, release), log=self.log
            )
            try:
                return self._await_ready(release)
            except TargetError:
                self.process.stop(grace=0)
                if attempt + 1 == ATTEMPTS or TAKEN not in self._output():
                    raise
        raise AssertionError("unreachable")

    def stop(self) -> None:
        """Let running requests finish, then end it."""
        self.process.stop(grace=GRACE)

    def locate(self) -> str:
        """The URL where it says that it is ready, found by the ports of its processes and by no
        file; empty if nothing of it answers."""
        leader = self.process.leader()
        workers = [process for process in self.process.members() if process != leader]
        with local_client() as client:
            for _, port in listening(workers):
                url = f"http://127.0.0.1:{port}"
                if is_ready(client, url, timeout=1.0):
                    return url
        return ""

    def _env(self, python: Path, release: str) -> Mapping[str, str]:
        home = self.folder.absolute()
        return {
            **{name: os.environ[name] for name in PASSED if name in os.environ},
            "PATH": f"{python.parent}{os.pathsep}{os.defpath}",
            "HOME": str(home),
            "BENTOML_HOME": str(home / "bentoml"),  # two servers in one wipe each other's metrics
            "BENTOML_DO_NOT_TRACK": "True",
            "PYTHONPYCACHEPREFIX": str(bytecode(python)),
            "PYTHONUNBUFFERED": "1",
            "RELEASE_ID": release,
            ENVIRONMENT: LOCAL,  # a loopback address: who reaches it is on this machine
            **self.settings.to_environment(),
            **self._log_folder(),
        }

    def _log_folder(self) -> Mapping[str, str]:
        """For its owner alone: there are the inputs of clients."""
        if self.predictions is None:
            return {}
        self.predictions.mkdir(parents=True, exist_ok=True, mode=0o700)
        return {LOG_FOLDER: str(self.predictions.absolute())}

    def _await_ready(self, release: str) -> str:
        deadline = time.monotonic() + READY
        workers: set[psutil.Process] = set()
        with local_client() as client:
            while time.monotonic() < deadline:
                leader = self.process.leader()
                if leader is None:
                    raise TargetError(f"{release} ended while starting: {self._told()}")
                listening = _listening(leader)
                workers.update(listening)
                if sum(not worker.is_running() for worker in workers) >= CRASHES:
                    raise TargetError(f"the workers of {release} keep dying: {self._told()}")
                for port in listening.values():
                    url = f"http://127.0.0.1:{port}"
                    # Not long: a port without a worker takes connections and never answers.
                    if is_ready(client, url, timeout=1.0):
                        return url
                time.sleep(POLL)
        raise TargetError(f"{release} was not ready after {READY:.0f} s: {self._told()}")

    def _output(self) -> str:
        try:
            return self.log.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""

    def _told(self) -> str:
        """What the log says about the failure: its last error, else its last lines."""
        lines = [line.strip() for line in self._output().splitlines() if line.strip()]
        errors = [line for line in lines if re.match(r"([\w.]+(Error|Exception)|error)\b", line)]
        return (errors[-1] if errors else " | ".join(lines[-5:]) or "it wrote nothing")[:1000]


@contextmanager
def serving(
    bento: Path, release: str, workspace: Path, settings: ServingSettings = DEFAULTS
) -> Iterator[str]:
    """A temporary server of `bento`; yields its URL, and stops it at the end.

    Raises:
        TargetError: it does not come up.
    """
    sweep(workspace)
    parent = workspace / "serving"
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{release}-", dir=parent))
    server = Server(folder, settings)
    with locked(_owner(folder), wait=True):
        try:
            yield server.start(bento, release, workspace / "envs")
        finally:
            _remove(server)


def sweep(workspace: Path) -> None:
    """Stop the temporary servers of commands that were killed, also those whose files are gone."""
    for file in marked_below(workspace / "serving"):
        if not _owner(file.parent).exists():
            Process(file).stop(grace=0)
    for owner in (workspace / "serving").glob("*.lock"):
        with suppress(LockedError), locked(owner, wait=False):
            _remove(Server(owner.with_suffix("")))


def _owner(folder: Path) -> Path:
    """The lock that whoever started a temporary server holds for as long as it lives."""
    return folder.with_suffix(".lock")


def _remove(server: Server) -> None:
    server.stop()
    shutil.rmtree(server.folder, ignore_errors=True)
    _owner(server.folder).unlink(missing_ok=True)


def _command(python: Path, bento: Path) -> list[str]:
    # Port 0: the system picks a free one, so no other process can take it in between.
    serve = ["-m", "bentoml", "serve", str(bento.absolute()), "--host", "127.0.0.1"]
    return [str(python), *serve, "--port", "0"]


def _listening(leader: psutil.Process) -> Mapping[psutil.Process, int]:
    """Worker → its port. The leader has more, for its own control; workers inherit just one."""
    with suppress(psutil.NoSuchProcess):
        return dict(listening(leader.children(recursive=True)))
    return {}
