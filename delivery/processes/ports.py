"""Who listens on a port of this machine."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress

import psutil


def taken(port: int) -> bool:
    """Does anything on this machine listen where a client of 127.0.0.1:`port` gets to?"""
    address = ("127.0.0.1", port)
    # macOS lets us bind beside one that listens on every address, so binding alone tells nothing.
    with closing(socket.socket()) as caller:
        if caller.connect_ex(address) == 0:
            return True
    with closing(socket.socket()) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(address)
        except OSError:
            return True
    return False


def listener(port: int) -> psutil.Process | None:
    """Who listens on `port`; None where nobody does or the system does not tell."""
    listeners = listening(psutil.process_iter(), "tcp")
    return next((process for process, own in listeners if own == port), None)


def holder(port: int) -> str:
    """The same for a message; empty where there is none."""
    process = listener(port)
    with suppress(psutil.Error):
        return f" by process {process.pid} ({process.name()})" if process else ""
    return ""


def listening(
    processes: Iterable[psutil.Process], kind: str = "tcp4"
) -> Iterator[tuple[psutil.Process, int]]:
    """Each process with each port that it listens on; without those that are gone or not ours."""
    for process in processes:
        with suppress(psutil.Error):
            for connection in process.net_connections(kind):
                if connection.status == psutil.CONN_LISTEN:
                    yield process, connection.laddr.port
