"""Processes that outlive the command that starts them.

A process is known by its pid file, which says when it was created, so that another process that
got the same pid later is never taken for it. It and all that it starts carry the pid file's path
in their environment: what a kill at the wrong moment left behind is found by that.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from delivery.errors import TargetError
from delivery.processes.marks import MARKER, carriers
from delivery.processes.pid_file import PidFile

POLL = 0.02  # s
LAST = 5.0  # s: what orphans get between SIGTERM and SIGKILL

# Kept so that the children of this very process are reaped, and no ResourceWarning appears.
_started: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True, slots=True)
class Process:
    """The detached process whose pid file is `file`; not necessarily alive."""

    file: Path

    def start(self, command: Sequence[str], *, env: Mapping[str, str], log: Path) -> None:
        """Run `command` in a session of its own with exactly `env`, output appended to `log`.

        What an earlier start left behind is stopped first.
        """
        self.stop(grace=LAST)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            popen = subprocess.Popen(
                command,
                cwd=self.file.parent,
                env={**env, MARKER: self._mark},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        _started[popen.pid] = popen
        # It is our child and not yet reaped, so it can be asked even if it ended already.
        self._pid_file.write(psutil.Process(popen.pid), command)

    def adopt(self, command: Sequence[str]) -> bool:
        """Write the pid file anew for one of ours that runs `command`; False if there is none."""
        for process in self.members():
            with suppress(psutil.Error):
                if process.cmdline() == list(command):
                    self._pid_file.write(process, command)
                    return True
        return False

    def leader(self) -> psutil.Process | None:
        """The process itself if it lives, as far as its pid file can be read."""
        _reap(self.pid())
        return self._pid_file.process()

    def alive(self) -> bool:
        """Does it run? A zombie does not."""
        return self.leader() is not None

    def pid(self) -> int:
        """As its pid file says, alive or not; 0 if that says nothing."""
        return self._pid_file.pid()

    def known(self) -> bool:
        """Can its pid file be read?"""
        return bool(self.command())

    def command(self) -> tuple[str, ...]:
        """The command it was last started with; empty if there was none."""
        return self._pid_file.command()

    def stop(self, *, grace: float) -> None:
        """End it and all that it started; see `stop_all`."""
        stop_all([self], grace=grace)

    def resume(self) -> Sequence[psutil.Process]:
        """Let what was stopped by a signal go on: it gets no other signal before. Returns all."""
        members = self.members()
        _signal(members, signal.SIGCONT)
        return members

    def members(self) -> Sequence[psutil.Process]:
        """Everything alive that carries our mark, and the leader's descendants."""
        leader = self.leader()
        family = set(carriers(self._mark))
        if leader is not None:
            with suppress(psutil.NoSuchProcess):
                family.update([leader, *leader.children(recursive=True)])
        return _living(family)

    @property
    def _pid_file(self) -> PidFile:
        return PidFile(self.file)

    @property
    def _mark(self) -> str:
        return str(self.file.absolute())


def stop_all(processes: Sequence[Process], *, grace: float) -> None:
    """End these and all that they started, at once: `grace` seconds to drain, then SIGKILL.

    Raises:
        TargetError: if something survives even that.
    """
    known = {member for process in processes for member in process.resume()}

    def everything() -> list[psutil.Process]:
        """What was there, and what was started since."""
        return _living({*known, *(member for process in processes for member in process.members())})

    leaders = [leader for process in processes if (leader := process.leader()) is not None]
    # Each tells its workers and waits for their requests. Workers have sessions of their own, so a
    # signal to the group would not reach them. One signal only: a second one means hurry.
    _signal(leaders, signal.SIGTERM)
    _wait(leaders, grace)
    for sign in (signal.SIGTERM, signal.SIGKILL):
        rest = everything()
        _signal(rest, sign)
        _wait(rest, LAST)
    if rest := everything():
        pids = ", ".join(str(process.pid) for process in rest)
        raise TargetError(f"process {pids} does not end, even when killed. Look at it with ps.")
    for process in processes:
        process.file.unlink(missing_ok=True)


def is_stopped(process: psutil.Process) -> bool:
    """Was it stopped by a signal, so that it does nothing until it is told to go on?"""
    with suppress(psutil.NoSuchProcess):
        return bool(process.status() == psutil.STATUS_STOPPED)
    return False


def _living(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Those that still run. Reaps those that are our children."""
    living = []
    for process in processes:
        _reap(process.pid)
        with suppress(psutil.NoSuchProcess):
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                living.append(process)
    return living


def _wait(processes: Iterable[psutil.Process], seconds: float) -> None:
    """Until all have ended, but at most `seconds`.

    Not psutil.wait_procs, which waits for zombies too: where process 1 collects none, as in many
    containers, that would be the whole time.
    """
    deadline = time.monotonic() + seconds
    while _living(processes) and time.monotonic() < deadline:
        time.sleep(POLL)


def _signal(processes: Iterable[psutil.Process], sign: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(sign)


def _reap(pid: int) -> None:
    """Collect the exit status if it is a child of this very process that ended."""
    popen = _started.get(pid)
    if popen is not None and popen.poll() is not None:
        del _started[pid]
