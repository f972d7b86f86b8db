"""Detached processes: found again, never mistaken, never left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from delivery.processes.process import Process, is_stopped
from tests.delivery.running import eventually, runs

IDLE = "import threading; threading.Event().wait(60)"
STUBBORN = (
    f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); {IDLE}"
)
FAMILY = (
    "import subprocess, sys, threading;"
    f"c = subprocess.Popen([sys.executable, '-c', {IDLE!r}], start_new_session=True);"
    "print(c.pid, flush=True); threading.Event().wait(60)"
)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    process = Process(tmp_path / "it.json")
    yield process
    process.stop(grace=0)


def run(process: Process, code: str) -> psutil.Process:
    command = [sys.executable, "-S", "-c", code]
    process.start(command, env={}, log=process.file.with_suffix(".log"))
    leader = process.leader()
    assert leader is not None
    return leader


def said(process: Process) -> str:
    return process.file.with_suffix(".log").read_text()


def test_it_is_found_again_by_its_pid_file_and_stopped(process: Process) -> None:
    leader = run(process, IDLE)
    again = Process(process.file)
    assert again.leader() == leader
    assert again.pid() == leader.pid
    assert os.getsid(leader.pid) == leader.pid
    again.stop(grace=5)
    assert not runs(leader)
    assert not process.alive()
    assert not process.file.exists()


def test_one_that_ended_by_itself_is_not_alive(process: Process) -> None:
    run_command = [sys.executable, "-S", "-c", ""]
    process.start(run_command, env={}, log=process.file.with_suffix(".log"))
    assert eventually(lambda: not process.alive())


def test_a_reused_pid_is_neither_taken_for_it_nor_killed(process: Process) -> None:
    other = subprocess.Popen([sys.executable, "-S", "-c", IDLE])
    try:
        created = psutil.Process(other.pid).create_time()
        record = {"pid": other.pid, "created": created - 60, "command": []}
        process.file.write_text(json.dumps(record))
        assert not process.alive()
        process.stop(grace=1)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"pid": "x", "created": 1}'])
def test_a_broken_pid_file_means_dead(process: Process, content: str) -> None:
    process.file.write_text(content)
    assert not process.alive()
    assert not process.known()
    assert (process.command(), process.pid()) == ((), 0)


def test_workers_with_sessions_of_their_own_end_with_it(process: Process) -> None:
    run(process, FAMILY)
    worker = psutil.Process(int(eventually(lambda: said(process))))
    process.stop(grace=5)
    assert not runs(worker)


def test_orphans_of_a_killed_leader_are_found(process: Process) -> None:
    leader = run(process, FAMILY)
    worker = psutil.Process(int(eventually(lambda: said(process))))
    leader.kill()
    assert eventually(lambda: not process.alive())
    assert runs(worker)
    process.stop(grace=5)
    assert not runs(worker)


def test_a_start_replaces_what_a_lost_pid_file_left_running(process: Process) -> None:
    first = run(process, IDLE)
    process.file.unlink()  # as if killed between starting it and writing that down
    second = run(process, IDLE)
    assert not runs(first)
    assert process.leader() == second


def test_one_that_ignores_sigterm_is_killed(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("delivery.processes.process.LAST", 0.1)
    leader = run(process, STUBBORN)
    eventually(lambda: said(process))
    process.stop(grace=0.1)
    assert not runs(leader)


def test_stopping_twice_or_nothing_is_fine(process: Process) -> None:
    process.stop(grace=0)
    process.stop(grace=0)
    assert not process.alive()


def test_one_that_is_stopped_ends_in_good_order(process: Process) -> None:
    code = (
        "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [15]); print('up', flush=True);"
        "signal.sigwait([15]); print('bye')"
    )
    leader = run(process, code)
    eventually(lambda: said(process))
    assert not is_stopped(leader)
    leader.suspend()
    eventually(lambda: is_stopped(leader))
    process.stop(grace=10)
    assert said(process).split() == ["up", "bye"]


def test_one_that_lost_its_pid_file_is_adopted_by_its_command(process: Process) -> None:
    leader = run(process, IDLE)
    command = process.command()
    eventually(leader.cmdline)  # a new process has none for a moment
    process.file.write_text("")
    assert not process.known()
    assert not process.adopt([*command, "more"])
    assert process.adopt(command)
    assert process.known()
    assert process.leader() == leader
