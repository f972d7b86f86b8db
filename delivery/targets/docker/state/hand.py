"""A container that reads and writes the state of an environment for as long as it is held.

It hangs on its input: when its holder ends, however that comes, the engine removes it. So the one
of a fixed name is a lock that frees itself, and whoever removes it takes the lock away together
with the means to write.
"""

from __future__ import annotations

import json
import select
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from delivery.errors import TargetError
from delivery.targets.docker.place import PYTHON, REFUSED, STATE, Place

SOURCE = (Path(__file__).parent / "keeper.py").read_text(encoding="utf-8")
PATIENCE = 60.0  # s: the first start may have to unpack an image
BEAT = 15.0  # s: it ends after a minute of silence


class HandLostError(TargetError):
    """It is not there any more, or never came."""


class Hand:
    """One such container; `options` are those of `docker run` beside the usual ones."""

    def __init__(self, place: Place, *options: str) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - as long as this object
        self._turn = threading.Lock()
        self._rest = b""
        self._process = place.engine.opened(
            "run", "--rm", "--interactive", "--network=none", "--memory=64m", "--pids-limit=20",
            *REFUSED, *options, f"--volume={place.volume}:{STATE}", f"--entrypoint={PYTHON}",
            place.base, "-I", "-c", SOURCE, errors=self._errors,
        )  # fmt: skip

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        """Its answer. HandLostError if there is none, TargetError if it could not do that."""
        with self._turn:
            try:
                self._write(json.dumps({"do": do, **request}).encode() + b"\n")
                answer: dict[str, Any] = json.loads(self._line())
            except (OSError, ValueError) as error:
                raise HandLostError(self._last_words()) from error
        if "error" in answer:
            raise TargetError(f"the state of the environment: {answer['error']}")
        return answer

    def lives(self) -> bool:
        """Does it answer?"""
        with suppress(HandLostError):
            return bool(self.ask("ping"))
        return False

    def keep(self, ended: threading.Event) -> None:
        """Tell it until `ended` that somebody is there."""
        while not ended.wait(BEAT) and self.lives():
            pass

    def close(self) -> None:
        """Let it go, and wait until the engine has removed it."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with suppress(OSError):
                    pipe.close()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _write(self, line: bytes) -> None:
        if self._process.stdin is None or self._process.stdin.closed:
            raise BrokenPipeError
        self._process.stdin.write(line)
        self._process.stdin.flush()

    def _line(self) -> bytes:
        deadline = time.monotonic() + PATIENCE
        out = self._process.stdout
        if out is None:
            raise BrokenPipeError
        while b"\n" not in self._rest:
            left = deadline - time.monotonic()
            if left < 0 or not select.select([out], [], [], left)[0]:
                raise TimeoutError(f"nothing within {PATIENCE:.0f} s")
            read = out.read1(65536)  # type: ignore[attr-defined]
            if not read:
                raise BrokenPipeError
            self._rest += read
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def _last_words(self) -> str:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(2.0)
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        causes = [line for line in lines if "Error" in line]
        return ((causes or lines or ["its container ended"])[0])[-600:]
