"""Start the commands of a plan and start again what ends; the first process of its namespace.

    python keep.py FOLDER

FOLDER/plan.json names each part and its command; each writes FOLDER/PART.log. Standard library
only. When this process ends, however it ends, the kernel ends the rest with it where it leads a
namespace of processes.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

POLL = 0.1  # s
AGAIN = 1.0  # s between two starts of one part
GRACE = 5.0  # s to end


def started(folder: Path, part: str, command: Sequence[str]) -> subprocess.Popen[bytes]:
    with (folder / f"{part}.log").open("ab") as log:
        return subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)


def keep(folder: Path, plan: Mapping[str, Sequence[str]]) -> None:
    running = {part: started(folder, part, command) for part, command in plan.items()}
    again: dict[str, float] = {}
    try:
        while True:
            time.sleep(POLL)
            for part, process in running.items():
                if process.poll() is not None and time.monotonic() > again.get(part, 0.0):
                    again[part] = time.monotonic() + AGAIN
                    running[part] = started(folder, part, plan[part])
    finally:
        for process in reversed(running.values()):
            process.terminate()
        deadline = time.monotonic() + GRACE
        for process in running.values():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()


def end(number: int, frame: object) -> None:
    raise SystemExit


if __name__ == "__main__":
    os.umask(0o077)
    signal.signal(signal.SIGTERM, end)
    place = Path(sys.argv[1])
    keep(place, json.loads((place / "plan.json").read_text(encoding="utf-8")))
