"""Runs a job in a process that is killed at a random time, again and again, then once to its end:
`python -m tests.serving.batch.killer MODEL INPUT OUTPUT KILLS SEED`.

It prints how many kills came before the end, and how many units there were after each.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from tests.serving.batch.jobs import run_job

UNIT_ROWS = 40


def attempt(model: Path, place: Path, output: Path, seconds: float) -> bool:
    """Start a run and kill it after so many seconds; whether it was still running."""
    pid = os.fork()  # nothing was loaded yet, so there are no threads to lose
    if pid == 0:
        run_job(model, place, output, unit_rows=UNIT_ROWS)
        os._exit(0)
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


def straight(model: Path, place: Path, output: Path) -> float:
    """Seconds that a run takes which nobody kills."""
    begun, pid = time.monotonic(), os.fork()
    if pid == 0:
        run_job(model, place, output, unit_rows=UNIT_ROWS)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    return time.monotonic() - begun


def main() -> None:
    model, place, output = map(Path, sys.argv[1:4])
    kills, dice = int(sys.argv[4]), random.Random(int(sys.argv[5]))
    whole = straight(model, place, output.with_name("straight"))
    killed, units = 0, []
    for _ in range(kills):
        killed += attempt(model, place, output, dice.uniform(0, whole / 3))
        units.append(len(list(output.glob("units/*.json"))))
    run_job(model, place, output, unit_rows=UNIT_ROWS)
    print(json.dumps({"killed": killed, "units": units}))


if __name__ == "__main__":
    main()
