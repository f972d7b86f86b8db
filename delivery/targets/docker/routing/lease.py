"""A lease that the router can ask for where its watcher is on another machine.

A container in the candidate's network answers for the watcher while it hears it, over the pipe that
started it. A watcher that was killed takes the pipe along; of one that is stopped nothing is heard.
When the candidate's container ends, so does its network, and nobody answers either.
"""

from __future__ import annotations

import secrets
import subprocess
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

from delivery.errors import TargetError
from delivery.targets.docker.place import PYTHON, REFUSED, Place
from delivery.targets.local.routing.lease import Term

SOURCE = (Path(__file__).parent / "watcher.py").read_text(encoding="utf-8")
BEAT = 1.0  # s
FIRST, LAST = 20_000, 32_000  # ports that no outgoing connection has


class ContainerLease(Term):
    """Renewed by its watcher, and answered for at `port` of the candidate's address."""

    def __init__(self, place: Place) -> None:
        self.port = FIRST + secrets.randbelow(LAST - FIRST)
        self._place = place
        self._candidate = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._ended = threading.Event()
        super().__init__()
        threading.Thread(target=self._beat, daemon=True).start()

    def attach(self, candidate: str) -> None:
        """Let it be answered for beside the container `candidate`."""
        if candidate == self._candidate and self._process and self._process.poll() is None:
            return
        self._detach()
        with tempfile.TemporaryFile() as errors:
            process = self._place.engine.opened(
                "run", "--rm", "--interactive", f"--network=container:{candidate}",
                "--memory=64m", "--pids-limit=50", *REFUSED, *self._place.labelled("lease", {}),
                f"--entrypoint={PYTHON}", self._place.base, "-I", "-c", SOURCE, str(self.port),
                errors=errors,
            )  # fmt: skip
            if process.stdout is None or process.stdout.readline() != b"ready\n":
                process.wait(10.0)
                errors.seek(0)
                problem = errors.read().decode(errors="replace").strip()[-600:]
                raise TargetError(f"the lease of {candidate} does not start: {problem}")
        self._candidate, self._process = candidate, process
        self._tell()

    def close(self) -> None:
        self.end()
        self._ended.set()
        self._detach()

    def _beat(self) -> None:
        while not self._ended.wait(BEAT):
            if self.holds:
                self._tell()

    def _tell(self) -> None:
        process = self._process
        if process and process.stdin:
            with suppress(OSError, ValueError):
                process.stdin.write(b"\n")
                process.stdin.flush()

    def _detach(self) -> None:
        process, self._process, self._candidate = self._process, None, ""
        if process and process.stdin and process.stdout:
            with suppress(OSError):
                process.stdin.close()
            process.stdout.close()
            process.wait()
