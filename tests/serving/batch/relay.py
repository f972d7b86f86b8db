"""A TCP relay that can be cut: what a network or a store does that is away."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

HERE = "127.0.0.1"


class Relay:
    """Passes what it is sent at `port` to the port `there`, until it is cut."""

    def __init__(self, there: int) -> None:
        self._there = there
        self._open: list[socket.socket] = []
        self._listener = self._listen(0)
        self.port: int = self._listener.getsockname()[1]

    def cut(self) -> None:
        """End every connection and refuse new ones."""
        for each in (self._listener, *self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._open.clear()

    def mend(self) -> None:
        """Be there again, at the same port."""
        self._listener = self._listen(self.port)

    def _listen(self, port: int) -> socket.socket:
        listener = socket.create_server((HERE, port))
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return listener

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                here, _ = listener.accept()
                there = socket.create_connection((HERE, self._there))
                self._open += [here, there]
                for ends in ((here, there), (there, here)):
                    threading.Thread(target=_pass, args=ends, daemon=True).start()


def _pass(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while content := one.recv(65_536):
            other.sendall(content)
    for each in (one, other):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
