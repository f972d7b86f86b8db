"""Stand-ins for what takes seconds to start, and a way to wait without sleeping blindly."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import psutil

from delivery.processes.marks import MARKER
from delivery.processes.process import Process

FAKE_SERVER = Path(__file__).parent / "fake_server.py"
Found = TypeVar("Found")


def eventually(look: Callable[[], Found], seconds: float = 10.0) -> Found:
    """What `look` finds, as soon as that is true; AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"still {found!r} after {seconds} s"
        pause.wait(0.01)


@contextmanager
def started(process: Process) -> Iterator[psutil.Process]:
    """An idle process with this pid file, as long as the block."""
    code = "import threading; threading.Event().wait(60)"
    command = [sys.executable, "-S", "-c", code]
    process.file.parent.mkdir(parents=True, exist_ok=True)
    process.start(command, env={}, log=process.file.with_suffix(".log"))
    leader = process.leader()
    assert leader is not None
    eventually(leader.environ)  # a new process has none for a moment
    try:
        yield leader
    finally:
        process.stop(grace=0)


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


def fake_python(folder: Path) -> Path:
    """Takes the place of the Python of a bento's environment; runs fake_server.py."""
    python = folder / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -SE "{FAKE_SERVER}" "$@"\n')
    python.chmod(0o755)
    return python


def fake_bento(folder: Path, **behaviour: object) -> Path:
    """A folder that fake_server.py serves. `behaviour` is described there."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "behaviour.json").write_text(json.dumps(behaviour))
    return folder


def running(folder: Path) -> list[psutil.Process]:
    """What was started with state under `folder` and still runs."""
    found = []
    for process in psutil.process_iter():
        try:
            mark = process.environ().get(MARKER, "")
            if mark.startswith(str(folder)) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def runs(process: psutil.Process) -> bool:
    """Alive, and not a zombie that process 1 has yet to collect."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
