"""Load from wrk: one thread, on a core of its own, over 127.0.0.1."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.contestants import on_core

SCRIPT = Path(__file__).parent / "wrk.lua"


class MissingError(RuntimeError):
    """wrk is not installed."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One run of the generator: requests a second, milliseconds, requests that failed, and the
    share of its core that the generator itself used."""

    rate: float
    p50: float
    p99: float
    worst: float
    failed: int
    generator: float


def require() -> str:
    """wrk's version; MissingError says how to get it."""
    if shutil.which("wrk") is None:
        raise MissingError("wrk is not installed: `apt-get install wrk` or `brew install wrk`")
    told = subprocess.run(["wrk", "--version"], capture_output=True, text=True, check=False)
    return (told.stdout or told.stderr).split(" [")[0].removeprefix("wrk").strip()


def write_bodies(file: Path, documents: Iterable[object]) -> Path:
    """The bodies of requests as lines."""
    file.write_text("".join(json.dumps(document) + "\n" for document in documents))
    return file


@dataclass(frozen=True, slots=True)
class Target:
    """Where the lines of the file `bodies` are sent in turn."""

    url: str
    bodies: Path
    headers: Mapping[str, str]


def shoot(target: Target, *, connections: int, seconds: int, core: int | None) -> Shot:
    """Ask for `seconds` over so many connections, each of which waits for its answer.

    Raises:
        CalledProcessError: wrk fails.
    """
    named = {"Content-Type": "application/json", **target.headers}
    command = ["wrk", "--threads", "1", "--connections", str(connections)]
    command += ["--duration", f"{seconds}s", "--timeout", "30s", "--script", str(SCRIPT)]
    for name, value in named.items():
        command += ["--header", f"{name}: {value}"]
    command += [target.url, "--", str(target.bodies)]
    before = _used()
    done = subprocess.run(on_core(core, command), capture_output=True, text=True, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    wall = told["microseconds"] / 1e6
    return Shot(
        rate=told["requests"] / wall,
        p50=told["p50"] / 1000,
        p99=told["p99"] / 1000,
        worst=told["max"] / 1000,
        failed=told["failed"],
        generator=(_used() - before) / wall,
    )


def _used() -> float:
    """Seconds of CPU that ended children of this process have used."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def cores() -> tuple[int | None, int | None]:
    """One core for the servers and another for the generator; None where they cannot be held."""
    if not hasattr(os, "sched_setaffinity"):
        return None, None
    available = sorted(os.sched_getaffinity(0))
    return (available[-1], available[0]) if len(available) > 1 else (None, None)
