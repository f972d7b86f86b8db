"""A cluster for tests on this machine: brought up, asked and taken down.

It has an API server, controllers, a scheduler and, where it is asked for, a node. Everything that
it runs is in a namespace of processes where the machine allows that, so that nothing outlives its
first process.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from delivery.errors import TargetError
from delivery.files import locked, program
from delivery.processes.process import Process
from tests.cluster.containers.surroundings import remove_cgroups
from tests.cluster.control_plane import ControlPlane
from tests.cluster.node import Pods

READY = 300.0  # s: it takes 5 to 10, and over 90 where 30 processes want two cores
POLL = 0.1  # s
KEEP = Path(__file__).with_name("keep.py")
ALONE = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")


@dataclass(frozen=True, slots=True)
class Kubectl:
    """kubectl with the cluster that `kubeconfig` names."""

    kubeconfig: Path

    def try_to(self, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """Its answer, whatever it is. `text` is what it reads from its input."""
        env = {
            "KUBECONFIG": str(self.kubeconfig),
            "HOME": str(self.kubeconfig.parent),
            "PATH": os.environ["PATH"],
        }
        command = [program("kubectl"), "--cache-dir", str(self.kubeconfig.parent / "cache")]
        return subprocess.run(
            [*command, *arguments], input=text, env=env, capture_output=True, text=True, check=False
        )

    def __call__(self, *arguments: str, text: str = "") -> str:
        """What it prints; TargetError with its complaint."""
        done = self.try_to(*arguments, text=text)
        if done.returncode:
            raise TargetError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout


@dataclass(frozen=True, slots=True)
class Cluster:
    """The cluster in `folder`, which is there or not."""

    folder: Path

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "kubeconfig"

    @property
    def kubectl(self) -> Kubectl:
        return Kubectl(self.kubeconfig)

    @property
    def process(self) -> Process:
        return Process(self.folder.with_name(f"{self.folder.name}.json"))

    def up(self, binary: Path, pods: Pods = Pods.NONE) -> None:
        """Start it unless it is up; wait until it takes objects.

        Raises:
            TargetError: it does not get ready; the message has the last line of its log.
        """
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with locked(self.folder.with_name(f"{self.folder.name}.lock"), wait=True):
            if self.process.alive() and self._is_ready():
                return
            self._remove()
            self.folder.mkdir(mode=0o700)
            ControlPlane.planned(self.folder, binary, pods)
            env = {"PATH": os.environ["PATH"], "HOME": str(self.folder)}
            command = [*alone(), sys.executable, str(KEEP), str(self.folder)]
            self.process.start(command, env=env, log=self.folder / "keep.log")
            self._await_ready()

    def down(self) -> None:
        """Stop it, and leave nothing of it. It may be gone or half there."""
        if not self.folder.parent.is_dir():
            return
        with locked(self.folder.with_name(f"{self.folder.name}.lock"), wait=True):
            self._remove()

    def _remove(self) -> None:
        self.process.stop(grace=0)  # `unshare` passes no signal on: each part gets its own
        remove_cgroups(self.folder / "node")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _await_ready(self) -> None:
        deadline = time.monotonic() + READY
        while time.monotonic() < deadline:
            if not self.process.alive():
                break
            if self._is_ready():
                return
            time.sleep(POLL)
        told = self._told()
        self.process.stop(grace=0)
        raise TargetError(f"the cluster was not ready within {READY:.0f} s: {told}")

    def _is_ready(self) -> bool:
        """Does the server say so, and do its controllers give a namespace its account?"""
        account = ("get", "serviceaccount", "default", "--namespace", "default")
        return not (
            self.kubectl.try_to("get", "--raw", "/readyz").returncode
            or self.kubectl.try_to(*account).returncode
        )

    def _told(self) -> str:
        """The last line of each log."""
        logs = {file.stem: file.read_text(errors="replace") for file in self.folder.glob("*.log")}
        last = {part: text.strip().splitlines()[-1:] for part, text in logs.items()}
        return "; ".join(f"{part}: {lines[0]}" for part, lines in last.items() if lines)


@functools.cache
def alone() -> Sequence[str]:
    """What gives a command a namespace of processes; nothing where the machine has none."""
    for command in (ALONE, (*ALONE, "--user", "--map-root-user")):
        with suppress(FileNotFoundError):  # macOS
            if not subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
                return command
    return ()
