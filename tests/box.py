"""A machine in a box: a root folder, processes and a systemd of its own, which can lose its power.

What is written inside goes to memory, on top of the files of this machine, and stays when the box
boots again. The network is that of this machine. Needs root, Linux namespaces and systemd.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.delivery.running import eventually

SYSTEMD = Path("/lib/systemd/systemd")
RUNS = Path("/run/systemd/system")  # there where systemd is process 1
DISK = """
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
cd "$1"
mkdir upper work root cgroups
mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root
mount -t cgroup -o none,name=systemd cgroup cgroups
mkdir cgroups/box-$$
echo ready
read -r over
for _ in $(seq 100); do  # what was killed is not gone yet
    find cgroups/box-$$ -depth -type d -exec rmdir {} + 2> /dev/null && break
    sleep 0.1
done
"""
BOOT = """
set -e
cd "$1/root"
mount --rbind . . && cd "$1/root"
mount -t proc proc proc
for folder in dev run sys; do mount -t tmpfs tmpfs $folder; done
for device in full null random urandom zero; do
    touch dev/$device
    mount --bind /dev/$device dev/$device
done
mkdir -p dev/shm sys/fs/cgroup/systemd before
mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd
pivot_root . before
umount -l /before
cd /
exec env -i container=box PATH="$PATH" SYSTEMD_UNIT_PATH="$2" \
    /lib/systemd/systemd --unit=multi-user.target --log-target=console --show-status=no
"""
ENTER = 'echo $$ > "$1/cgroup.procs"; shift; exec "$@"'
APART = ("unshare", "-m", "-p", "-u", "-i", "-C", "-f")
# Of the units of this machine none counts, so that nothing of it is started or swept.
BARE = "[Unit]\nDefaultDependencies=no\n"
UNITS = "/etc/systemd/system"


@dataclass
class Box:
    """`disk` holds its root; `folder` is where the disk is mounted, seen by the box alone."""

    folder: Path
    disk: subprocess.Popen[str]
    machine: subprocess.Popen[bytes] | None = None

    def boot(self) -> None:
        """Switch it on, and wait until its systemd answers."""
        inside = "--kill-child", "sh", "-c", BOOT, "sh", str(self.folder), UNITS
        self.machine = subprocess.Popen(
            [*self._on_disk(), "sh", "-ec", ENTER, "sh", self._cgroup, *APART, *inside],
            stdin=subprocess.DEVNULL,
            stdout=(self.folder.parent / "console").open("ab"),
            stderr=subprocess.STDOUT,
        )
        eventually(self._answers, seconds=60)

    def power_off(self) -> None:
        """At once: no process of it gets a signal that it could catch."""
        if self.machine is not None:
            for leader in self._children():
                os.kill(int(leader), signal.SIGKILL)  # with process 1 go all others
            self.machine.wait(timeout=60)
            self.machine = None

    def run(self, *command: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """A command inside, as root."""
        (leader,) = self._children()
        return subprocess.run(
            ["nsenter", "-t", leader, "-m", "-p", "-u", "-i", "-r", "-w", *command],
            env={"PATH": os.environ["PATH"], "SYSTEMD_UNIT_PATH": UNITS, **environ},
            capture_output=True,
            text=True,
            check=False,
        )

    def on_disk(self, script: str, *arguments: str) -> None:
        """A script with the root of the box for its own, whether it is on or off."""
        command = ["chroot", f"{self.folder}/root", "sh", "-ec", script, "sh", *arguments]
        subprocess.run([*self._on_disk(), *command], check=True)

    @property
    def _cgroup(self) -> str:
        return f"{self.folder}/cgroups/box-{self.disk.pid}"

    def _on_disk(self) -> list[str]:
        return ["nsenter", "-t", str(self.disk.pid), "-m"]

    def _answers(self) -> bool:
        return bool(self._children()) and self.run("systemctl", "show-environment").returncode == 0

    def _children(self) -> list[str]:
        assert self.machine is not None
        task = f"/proc/{self.machine.pid}/task/{self.machine.pid}/children"
        return Path(task).read_text(encoding="ascii").split()


def boxes_work() -> bool:
    """May this user make one here? Not where a systemd runs, whose groups are its own."""
    needed = ("unshare", "nsenter", "systemctl")
    there = SYSTEMD.exists() and all(map(shutil.which, needed)) and not RUNS.exists()
    if os.geteuid() != 0 or not there:
        return False
    return subprocess.run([*APART, "true"], check=False, capture_output=True).returncode == 0


@contextmanager
def box(folder: Path) -> Iterator[Box]:
    """One that is off, with its disk mounted at `folder`."""
    folder.mkdir(parents=True)
    command = ["unshare", "-m", "sh", "-c", DISK, "sh", str(folder)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as disk:
        made = Box(folder, disk)
        try:
            assert disk.stdout is not None
            assert disk.stdout.readline() == "ready\n"
            made.on_disk(f"rm -rf {UNITS} && mkdir {UNITS}")
            for name in ("sysinit", "basic", "multi-user", "shutdown"):
                made.on_disk(f'printf "$1" > {UNITS}/{name}.target', BARE)
            yield made
        finally:
            made.power_off()
            disk.communicate("\n", timeout=30)
