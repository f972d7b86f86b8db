"""Who listens on a port of this machine."""

from __future__ import annotations

import socket
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


def holder(port: int) -> str:
    """Who listens on `port`, for a message; empty where the system does not tell."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            for connection in process.net_connections("tcp"):
                if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
                    return f" by process {process.pid} ({process.name()})"
    return ""
