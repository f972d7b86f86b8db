"""Workers that write and shippers that are killed: is each line in the store, once?"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from serving.telemetry.predictions.rotation import RotatingFile
from tests.origin import ROOT


class Writer:
    """A worker's log that knows what it has written."""

    def __init__(self, folder: Path, pid: int, *, limit: int = 2_000_000) -> None:
        self._file = RotatingFile(folder / f"predictions-{pid}.jsonl", limit=limit, count=100)
        self._pid = pid
        self.written: list[str] = []

    def write(self, count: int = 1) -> None:
        """Lines whose `request_id` nobody else uses."""
        first = len(self.written)
        names = [f"{self._pid}-{number}" for number in range(first, first + count)]
        self._file.write(b"".join(map(line, names)))
        self.written += names


def line(name: str) -> bytes:
    time_ = datetime.now(UTC).isoformat(timespec="milliseconds")
    item = {"release": "r-1", "request_id": name, "time": time_, "features": {}, "score": [0.5]}
    return json.dumps(item).encode() + b"\n"


def command(python: Path | str, folder: Path, address: str, *options: str) -> Sequence[str]:
    return [str(python), "-m", "serving.segments", str(folder), address, *options]


def start(arguments: Sequence[str], environ: Mapping[str, str], log: Path) -> subprocess.Popen[Any]:
    with log.open("ab") as out:
        return subprocess.Popen(arguments, cwd=ROOT, env=dict(environ), stdout=out, stderr=out)


def stop(process: subprocess.Popen[Any], seconds: float = 60) -> int:
    """SIGTERM, and the exit code."""
    process.send_signal(signal.SIGTERM)
    return process.wait(seconds)


@dataclass
class Chaos:
    """Writes all the time, while each shipper is killed within `longest` seconds after it was seen
    at work: after `look` has changed."""

    writers: Sequence[Writer]
    look: Callable[[], int]
    longest: float
    dice: random.Random = field(default_factory=lambda: random.Random(5))

    def run(
        self, arguments: Sequence[str], environ: Mapping[str, str], log: Path, kills: int
    ) -> None:
        """Start and kill so many."""
        for _ in range(kills):
            before = self.look()
            process = start(arguments, environ, log)
            try:
                self._write(lambda before=before: self.look() != before, seconds=120)
                assert self.look() != before, log.read_text()
                self._write(lambda: False, seconds=self.dice.uniform(0, self.longest))
            finally:
                process.kill()
                process.wait()

    def _write(self, done: Callable[[], bool], *, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not done():
            for writer in self.writers:
                writer.write(self.dice.randint(1, 20))
            time.sleep(0.01)


def names(stored: Sequence[bytes]) -> list[str]:
    """The ids in all lines of segments, sorted."""
    return sorted(json.loads(line)["request_id"] for lines in stored for line in lines.splitlines())


def here() -> Mapping[str, str]:
    """The environment of a shipper that runs on our libraries."""
    return {"PATH": os.environ["PATH"]}


PYTHON = sys.executable
