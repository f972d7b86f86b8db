"""A port is taken from an orphan of ours, and from nobody else."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from delivery.errors import InputError
from delivery.processes.ports import taken
from delivery.processes.process import Process
from delivery.targets.local.routing.port import clear_port
from tests.delivery.running import eventually, free_port

LISTEN = (
    "import socket, sys, threading; s = socket.socket(); "
    "s.bind(('127.0.0.1', int(sys.argv[1]))); s.listen(); threading.Event().wait(60)"
)


def listens(process: Process) -> int:
    """The port where `process` listens from now on."""
    port = free_port()
    process.file.parent.mkdir(parents=True)
    command = [sys.executable, "-S", "-c", LISTEN, str(port)]
    process.start(command, env={}, log=process.file.with_suffix(".log"))
    eventually(lambda: taken(port))
    return port


def test_a_free_port_needs_nothing(tmp_path: Path) -> None:
    clear_port(free_port(), "staging", tmp_path)


def test_an_orphan_of_ours_is_ended(tmp_path: Path) -> None:
    process = Process(tmp_path / "targets" / "renamed" / "router.json")
    port = listens(process)
    process.file.unlink()
    clear_port(port, "staging", tmp_path / "targets")
    assert not taken(port)
    assert not process.members()


@pytest.mark.parametrize("whose", ["another environment's", "another checkout's"])
def test_what_is_no_orphan_of_ours_is_named_with_what_ends_it(tmp_path: Path, whose: str) -> None:
    process = Process(tmp_path / "targets" / "renamed" / "router.json")
    port = listens(process)
    try:
        ours = tmp_path / "targets"
        if whose == "another checkout's":
            process.file.unlink()
            ours = tmp_path / "elsewhere"
        with pytest.raises(InputError, match=r"renamed/router\.json.*delivery down"):
            clear_port(port, "staging", ours)
        assert taken(port)
    finally:
        process.stop(grace=0)


def test_a_strangers_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(InputError, match="DELIVERY_PORT_OFFSET") as caught:
            clear_port(other.getsockname()[1], "staging", tmp_path)
    assert "delivery down" not in str(caught.value)
