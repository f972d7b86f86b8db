"""A place of its own to break: real git, signed releases, a router, and a supervisor of all that.

Everything lies below one folder; what is started carries that folder in its environment.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import psutil

from delivery.bento.bento import MODEL
from delivery.commands.status import EnvironmentStatus, status
from delivery.context import Context
from delivery.git.refs import LogName
from delivery.targets.protocol import Target
from serving.contract import EXAMPLES
from tests.chaos.disk import Disk
from tests.chaos.proposal import propose_release
from tests.delivery.released import Release
from tests.delivery.running import running
from tests.origin import ROOT, Origin

ENV = "production"
HOME = "CHAOS"  # the variable with the folder of the world
SETTLES = 60.0  # s
USUAL = 3.0  # s: how long a command takes that was never run
# Exit codes of a command: it met what nobody foresaw; it says that somebody else is at work.
BUG, HELD = 1, 4


@dataclass
class World:
    """A checkout, its origin, and two releases that are verified in turn."""

    folder: Path
    disk: Disk
    origin: Origin
    releases: Sequence[Release]
    supervisor: subprocess.Popen[bytes] | None = None
    longest: dict[str, float] = field(default_factory=dict)  # command → s

    @cached_property
    def context(self) -> Context:
        return Context(self.origin.path, lambda _: None)

    @cached_property
    def target(self) -> Target:
        return self.context.target(self.context.snapshot(fetch=False).environment(ENV))

    @property
    def workspace(self) -> Path:
        return self.context.workspace

    @cached_property
    def bodies(self) -> Sequence[bytes]:
        """Requests that both releases answer."""
        text = (self.releases[0].bento / "src" / MODEL / EXAMPLES).read_text(encoding="utf-8")
        rows = [json.loads(line)["instance"] for line in text.splitlines()]
        return [json.dumps({"instances": [row]}).encode() for row in rows]

    # What people and machines do here.

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """`delivery` with these arguments, or `propose`, as a process of its own."""
        module, rest = "tests.chaos.command", arguments
        if arguments[0] == "propose":
            module, rest = "tests.chaos.proposal", arguments[1:]
        environ = os.environ | {"PYTHONPATH": str(ROOT)}
        with (self.folder / "commands.log").open("ab") as log:
            log.write(f"$ {' '.join(arguments)}\n".encode())
            log.flush()
            return subprocess.Popen(
                [sys.executable, "-m", module, *rest],
                cwd=self.origin.path, env=environ, stdout=log, stderr=log,
            )  # fmt: skip

    def run(self, *arguments: str) -> int:
        """The same, to its end; the exit code."""
        begun = time.monotonic()
        code = self.start(*arguments).wait()
        verb = arguments[0]
        self.longest[verb] = max(self.longest.get(verb, 0.0), time.monotonic() - begun)
        return code

    def require(self, *arguments: str) -> None:
        """Run it until it is done, again as long as somebody else is at work."""
        deadline = time.monotonic() + SETTLES
        while (code := self.run(*arguments)) == HELD and time.monotonic() < deadline:
            time.sleep(1.0)
        assert code == 0, f"`delivery {' '.join(arguments)}` ended with {code}"

    def usual(self, verb: str) -> float:
        """How long a command takes, in seconds."""
        return self.longest.get(verb, USUAL)

    def supervise(self) -> None:
        """Start `delivery up` unless it runs, as systemd would."""
        if self.supervisor is None or self.supervisor.poll() is not None:
            self.supervisor = self.start("up")

    def merge_next(self) -> Release:
        """Promote the release that does not run, up to the merge; returns it."""
        release = self.next_release()
        pull = propose_release(self.context, ENV, release.id)
        self.context.forge.merge(pull.number)
        return release

    def promote_next(self) -> None:
        """Bring the release that does not run all the way."""
        self.merge_next()
        self.require("deploy", ENV)

    def settle(self) -> None:
        """Wait until all is as it should be, by itself; AssertionError if that does not come."""
        self.supervise()
        deadline = time.monotonic() + SETTLES
        while (problem := self.problem()) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert not problem, f"after {SETTLES:.0f} s still: {problem}"

    # How it is.

    def status(self) -> EnvironmentStatus:
        (here,) = status(self.context).environments
        return here

    def problem(self) -> str:
        here = self.status()
        lost = "" if here.supervision.startswith("supervised") else here.supervision
        return here.problem or lost

    def verified(self) -> str:
        """The release that is verified now, by its events."""
        return self.context.snapshot().history(ENV).verified.release

    def ever_verified(self) -> set[str]:
        events = self.context.snapshot().ledger.log(LogName(ENV)).events
        return {event.release for event in events if event.kind == "verified"}

    def next_release(self) -> Release:
        now = self.verified()
        return next(release for release in self.releases if release.id != now)

    def members(self, release: str) -> tuple[psutil.Process, list[psutil.Process]]:
        """The leader of a release, and its workers."""
        process = self.target.runtime.files.current(release).server.process
        leader = process.leader()
        assert leader is not None, f"{release} has no leader"
        return leader, [member for member in process.members() if member != leader]

    def processes(self) -> list[psutil.Process]:
        """All that was started here and lives, this very process apart."""
        ours = {process for process in psutil.process_iter() if _home(process) == self.folder}
        alive = (process for process in {*ours, *running(self.folder)} if _alive(process))
        return [process for process in alive if process.pid != os.getpid()]


def _home(process: psutil.Process) -> Path | None:
    with suppress(psutil.Error):
        if home := process.environ().get(HOME):
            return Path(home)
    return None


def _alive(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return process.status() != psutil.STATUS_ZOMBIE
    return False
