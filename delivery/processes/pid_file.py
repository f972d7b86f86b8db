"""A file that says which process it is about, and when that was created."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from delivery.files import write_whole

CLOCK = 1.0  # s: how far two readings of one process's creation time may lie apart


@dataclass(frozen=True, slots=True)
class PidFile:
    """The file at `path`; what it says is empty if it is not there or cannot be read."""

    path: Path

    def write(self, process: psutil.Process, command: Sequence[str]) -> None:
        created = process.create_time()
        record = {"pid": process.pid, "created": created, "command": list(command)}
        write_whole(self.path, json.dumps(record) + "\n")

    def pid(self) -> int:
        """Of a process that may live or not; 0 if empty."""
        try:
            return int(self._read()["pid"])
        except (ValueError, KeyError, TypeError):
            return 0

    def command(self) -> tuple[str, ...]:
        """The command that the process was started with."""
        try:
            return tuple(self._read()["command"])
        except (KeyError, TypeError):
            return ()

    def process(self) -> psutil.Process | None:
        """The very process, if it lives: a zombie does not."""
        try:
            record = self._read()
            process = psutil.Process(record["pid"])
            same = abs(process.create_time() - record["created"]) < CLOCK
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except (psutil.NoSuchProcess, ValueError, KeyError, TypeError):
            return None

    def _read(self) -> Any:
        """Its content; None if that is not JSON."""
        try:
            return json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
