"""What a node takes for the machine: folders, settings of the kernel and cgroups of its own."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

OWN = ("run", "var/lib", "var/log")  # what containerd, its shims and kubelet write to
PLUGINS = Path("/usr/lib/cni")  # Debian's, for the network of pods
CGROUPS = Path("/sys/fs/cgroup")
NEW_MOUNTS = 0x00020000
PATIENCE = 10.0  # s: the kernel takes a moment to end what was in a namespace
# kubelet asks for these. They are shown to it, and the machine keeps what it has.
KERNEL = {
    "vm/overcommit_memory": 1,
    "vm/panic_on_oom": 0,
    "kernel/panic": 10,
    "kernel/panic_on_oops": 1,
    "kernel/keys/root_maxkeys": 1_000_000,
    "kernel/keys/root_maxbytes": 25_000_000,
}


def lacking(folder: Path) -> str:
    """What this machine has not that kubelet and containerd need; empty if nothing."""
    missing = [name for name in ("containerd", "ctr", "runc") if not shutil.which(name)]
    if missing or not PLUGINS.is_dir():
        packages = "containerd runc containernetworking-plugins"
        return f"containers need Debian's packages: `apt-get install {packages}`"
    if any(folder.is_relative_to(f"/{own}") for own in OWN):
        return f"{folder} is in a folder that a node hides"
    if any(not os.access(each, os.W_OK) for each in _hierarchies()):
        return f"no cgroup can be made in {CGROUPS}"
    return ""


def enter(folder: Path) -> None:
    """This process, and what it starts, sees folders in `folder` where it would see the machine's,
    and has a cgroup."""
    os.umask(0o022)  # containers run as others than root; nobody but root gets into `folder`
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(NEW_MOUNTS):
        raise OSError(ctypes.get_errno(), "no mounts of its own can be had here")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    for name, value in KERNEL.items():
        shown = folder / "kernel" / name
        shown.parent.mkdir(parents=True, exist_ok=True)
        shown.write_text(str(value))
        _show(shown, Path("/proc/sys") / name)
    for name in OWN:
        own = folder / name
        own.mkdir(parents=True, exist_ok=True)
        _show(own, Path("/") / name)
    for hierarchy in _hierarchies():
        _make_cgroup(hierarchy / cgroup(folder))


def cgroup(folder: Path) -> str:
    """The name of the cgroup of the node in `folder`."""
    return f"cluster-{hashlib.sha256(str(folder.absolute()).encode()).hexdigest()[:12]}"


def processes(folder: Path, part: str) -> list[psutil.Process]:
    """Those of the containers whose cgroup has `part` in its path, in the node in `folder`."""
    top = next(each for each in _hierarchies() if each.name in ("memory", CGROUPS.name))
    places = [each for each in _below(top / cgroup(folder)) if part in str(each)]
    pids = [pid for each in places for pid in (each / "cgroup.procs").read_text().split()]
    return [psutil.Process(int(pid)) for pid in pids]


def remove_cgroups(folder: Path) -> None:
    """Once the processes of the node in `folder` were killed."""
    deadline = time.monotonic() + PATIENCE
    while left := [each for top in _hierarchies() for each in _below(top / cgroup(folder))]:
        for each in left:
            with suppress(OSError):
                each.rmdir()
        if time.monotonic() > deadline:
            raise TimeoutError(f"{left[-1]} still has processes")
        time.sleep(0.02)


def _show(own: Path, place: Path) -> None:
    subprocess.run(["mount", "--bind", str(own), str(place)], check=True)


def _hierarchies() -> Iterator[Path]:
    """The one of version 2, or each of version 1."""
    if (CGROUPS / "cgroup.controllers").exists():
        yield CGROUPS
    elif CGROUPS.is_dir():
        yield from (each for each in CGROUPS.iterdir() if (each / "cgroup.procs").exists())


def _make_cgroup(made: Path) -> None:
    made.mkdir(exist_ok=True)
    for name in ("cpuset.cpus", "cpuset.mems"):  # version 1 takes no process where they are empty
        if (made / name).exists() and not (made / name).read_text().strip():
            (made / name).write_text((made.parent / name).read_text())


def _below(top: Path) -> list[Path]:
    """The innermost first."""
    return [Path(folder) for folder, _, _ in os.walk(top, topdown=False)] if top.exists() else []
