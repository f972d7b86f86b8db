"""What a command costs: processor time and memory of it and of all that it started.

Processor time grows less than a watch on a machine that does other things too, and is no quiet
figure either: caches are shared.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.generator import MissingError

# The command of this checkout, in a checkout that holds no code.
DELIVERY = """\
import sys
from delivery.cli import main, options
options.require_own_checkout = lambda _: None
sys.argv[0] = "delivery"
sys.exit(main.main())
"""
UNSERVED = (0, 4)  # nothing runs, so `delivery status` holds


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of processor time, user and system, with those of child processes; and the largest
    process, in MB."""

    seconds: float
    memory: float


def delivery(checkout: Path, *arguments: str) -> Cost:
    """The cheapest of three runs of `delivery` with `arguments`, after one that warms caches."""
    command = [sys.executable, "-c", DELIVERY, *arguments]
    runs = [cost(command, checkout, UNSERVED) for _ in range(4)][1:]
    return min(runs, key=lambda run: run.seconds)


def cost(command: Sequence[str], folder: Path, fine: Collection[int] = (0,)) -> Cost:
    """Run a command in `folder`; MissingError with its last words for another exit code."""
    environ: Mapping[str, str] = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, cwd=folder, env=environ, stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in fine:
            said.seek(0)
            words = said.read()[-500:].decode(errors="replace")
            raise MissingError(f"{' '.join(command[3:])} failed in {folder}: {words}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def slope(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """The exponent of growth beyond the cost of the smallest size: 1 is linear, 2 is quadratic.

    Between the two largest sizes, since what is constant hides the slope of the small ones.
    """
    (small, large), (less, more) = sizes[-2:], (value - seconds[0] for value in seconds[-2:])
    if less <= 0 or more <= 0:
        return 0.0
    return math.log(more / less) / math.log(large / small)
