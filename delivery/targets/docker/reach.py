"""How this machine reaches what listens on the engine's: at once, or through ssh.

Nothing but the router is published there, and that on its loopback. ssh carries a port of this
machine's loopback to it, for as long as this process lives: its far end waits for input.
"""

from __future__ import annotations

import atexit
import socket
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import urlsplit

from delivery.errors import InputError, TargetError

PATIENCE = 20.0  # s
POLL = 0.05  # s
OPTIONS = (
    ("-o", "BatchMode=yes", "-o", "ExitOnForwardFailure=yes", "-o", "ServerAliveInterval=15",
     "-o", "ControlPath=none")  # it ends with this process, whatever else shares a connection
)  # fmt: skip


@dataclass
class Tunnels:
    """Through `host`, ssh://user@name[:port]; one for each address, kept open."""

    host: str
    _open: dict[str, tuple[int, subprocess.Popen[bytes]]] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def to(self, address: str) -> str:
        """An address of this machine that leads to `address` (host:port) there. TargetError where
        ssh does not."""
        with self._turn:
            port, process = self._open.get(address, (0, None))
            if process is None or process.poll() is not None:
                self._open[address] = (port, _) = self._opened(address)
        return f"127.0.0.1:{port}"

    def close(self) -> None:
        for _, process in self._open.values():
            process.kill()
            process.wait()
        self._open.clear()

    def _opened(self, address: str) -> tuple[int, subprocess.Popen[bytes]]:
        where = urlsplit(self.host)
        if where.scheme != "ssh" or not where.hostname:
            raise InputError(
                f"the engine's host is {self.host!r}, expected a socket (unix://…) or "
                "ssh://user@name: no other is reached without being published"
            )
        name = f"{where.username}@{where.hostname}" if where.username else where.hostname
        port = _free_port()
        process = subprocess.Popen(
            ["ssh", *OPTIONS, *(["-p", str(where.port)] if where.port else []),
             "-L", f"127.0.0.1:{port}:{address}", "--", name, "cat"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip
        deadline = time.monotonic() + PATIENCE
        while process.poll() is None and time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
                return port, process
            time.sleep(POLL)
        process.kill()
        words = (process.communicate()[1] or b"").decode(errors="replace").strip()
        raise TargetError(
            f"ssh to {self.host} does not lead to {address} there: {words[-600:] or 'no answer'}. "
            f"`ssh {name} docker version` has to work without a question"
        )


@cache
def tunnels(host: str) -> Tunnels:
    """One for all of this process, closed with it."""
    made = Tunnels(host)
    atexit.register(made.close)
    return made


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port
