"""Whether the engine of an environment can run releases: version, limits, space, clock, route."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from functools import partial

from delivery.commands.doctor.check import Check, look
from delivery.errors import InputError
from delivery.settings.policy import DockerTargetSettings
from delivery.targets.docker.engine import Engine, EngineError
from delivery.targets.docker.place import PYTHON, REFUSED
from delivery.targets.protocol import Target

OLDEST = (20, 10)
FREE = 5 * 1024**3  # bytes: some releases, with what they have in common
DIFFERENCE = 5.0  # s: more spoils what is compared by time
LOOK = (
    "import json, os, time; s = os.statvfs('/'); "
    "print(json.dumps([s.f_bavail * s.f_frsize, time.time()]))"
)


def checks(environment: str, settings: DockerTargetSettings, target: Target) -> Iterator[Check]:
    """Of one environment. Starts one short container, which looks at disk and clock."""
    engine = Engine(settings.host)
    looks: tuple[tuple[str, Callable[[], str]], ...] = (
        ("engine", partial(_version, engine)),
        ("limits", partial(_limits, engine)),
        ("disk and clock", partial(_disk_and_clock, engine, settings.base)),
        ("route", partial(_route, environment, target)),
    )
    for name, at in looks:
        check = look(f"{name} {environment}", at)
        yield check
        if not check.ok:
            return  # the rest would say the same


def _version(engine: Engine) -> str:
    try:
        version = engine("version", "--format={{.Server.Version}}", seconds=30)
    except EngineError as error:
        problem = error.said.replace(". ", "; ")
        raise InputError(
            f"no engine answers at {engine.place} ({problem}). Start it (`systemctl start "
            "docker`), let this account use it (the group docker), or set DOCKER_HOST"
        ) from error
    numbers = tuple(int(part) for part in version.split(".")[:2])
    if numbers < OLDEST:
        raise InputError(
            f"the engine at {engine.place} is {version}. Install {OLDEST[0]}.{OLDEST[1]} or newer"
        )
    return f"{version} at {engine.place}"


def _limits(engine: Engine) -> str:
    """Can it keep a container to its share, and does it leave them alone at its own restart?"""
    info = json.loads(engine("info", "--format={{json .}}"))
    missing = [name for name in ("MemoryLimit", "CpuCfsQuota", "PidsLimit") if not info.get(name)]
    if missing:
        raise InputError(
            f"{engine.place} has no {', '.join(missing)}. Start its kernel with cgroups for "
            "memory, cpu and pids"
        )
    if not info.get("LiveRestoreEnabled"):
        return (
            "memory, processors and processes are limited; an update of the engine ends containers "
            'for some seconds: "live-restore": true in /etc/docker/daemon.json'
        )
    return "memory, processors and processes are limited; containers outlive a restart of it"


def _disk_and_clock(engine: Engine, base: str) -> str:
    before = time.time()
    run = ("run", "--rm", "--network=none", *REFUSED, f"--entrypoint={PYTHON}", base)
    free, now = json.loads(engine(*run, "-I", "-c", LOOK, seconds=900))
    after = time.time()
    if free < FREE:
        raise InputError(
            f"{engine.place} has {free / 1024**3:.1f} GiB free, and releases need "
            f"{FREE / 1024**3:.0f}. `docker image prune --all` there removes what no container has"
        )
    if not before - DIFFERENCE < now < after + DIFFERENCE:
        raise InputError(
            f"the clock of {engine.place} and this one differ by {abs(now - after):.0f} s. Let "
            "both follow a time server, as `apt-get install systemd-timesyncd` does"
        )
    return f"{free / 1024**3:.0f} GiB free, and the clock of this machine"


def _route(environment: str, target: Target) -> str:
    weights = target.router.weights()
    if not weights:
        return "closed: nothing was released there yet"
    if problem := target.router.problem():
        raise InputError(f"the router {problem}. `delivery deploy {environment}`")
    return ", ".join(f"{release} {share}%" for release, share in weights.items())
