"""What the supervisor of a workspace tells other commands: a file, and a lock while it lives.

<workspace>/supervisor/state.json    its process, and what it did in each environment
<workspace>/supervisor/lock          held by the one supervisor
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from delivery.errors import HeldError
from delivery.files import LockedError, locked, write_whole
from delivery.processes.process import Process

LATE = 30.0  # s: it looks every second, and a start takes a few


@dataclass(frozen=True, slots=True)
class Report:
    """What was done in one environment since the supervisor started. `restarts` counts processes;
    `trouble` says what cannot be mended, and is empty otherwise."""

    restarts: int = 0
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Supervision:
    """The supervisor of `workspace`, be there one or not."""

    workspace: Path

    @property
    def process(self) -> Process:
        return Process(self._file)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Be the supervisor. HeldError names the one that there is."""
        try:
            with locked(self.workspace / "supervisor" / "lock", wait=False), self._forgotten():
                yield
        except LockedError as error:
            raise HeldError(
                f"{self.workspace} has a supervisor already ({error}). `delivery status` shows "
                "what it does."
            ) from error

    def write(self, reports: Mapping[str, Report]) -> None:
        """Tell what was done; in the name of this very process."""
        own = psutil.Process()
        content = {
            "pid": own.pid,
            "created": own.create_time(),
            "environments": {name: asdict(report) for name, report in reports.items()},
        }
        write_whole(self._file, json.dumps(content) + "\n")

    def looked(self, reports: Mapping[str, Report]) -> None:
        """Tell that all was looked at a moment ago; all anew if somebody deleted the file."""
        try:
            os.utime(self._file)
        except FileNotFoundError:
            self.write(reports)

    def describe(self, environment: str) -> str:
        """How `environment` is supervised, in words."""
        leader = self.process.leader()
        report = self._reports().get(environment)
        if leader is None or report is None:
            return "not supervised"
        times = f"restarted {report.restarts} time" + ("s" if report.restarts != 1 else "")
        done = times if report.restarts else "nothing restarted"
        parts = [f"supervised, {done}", report.trouble, self._late(leader)]
        return "; ".join(part for part in parts if part)

    @property
    def _file(self) -> Path:
        return self.workspace / "supervisor" / "state.json"

    @contextmanager
    def _forgotten(self) -> Iterator[None]:
        """At the end, however it comes."""
        try:
            yield
        finally:
            self._file.unlink(missing_ok=True)

    def _late(self, leader: psutil.Process) -> str:
        try:
            seconds = time.time() - self._file.stat().st_mtime
        except OSError:
            return ""
        last = f"but process {leader.pid} looked last {seconds:.0f} s ago"
        return last if seconds > LATE else ""

    def _reports(self) -> Mapping[str, Report]:
        try:
            content = json.loads(self._file.read_text(encoding="utf-8"))
            return {name: Report(**report) for name, report in content["environments"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}
