"""Ports for a checkout of the template whose environments really run."""

from __future__ import annotations

import os
import random
import socket
from contextlib import ExitStack


def free_offset() -> str:
    """An offset at which the ports of both environments are free; another for each process."""
    offsets = list(range(1000, 20000, 7))
    random.Random(os.getpid()).shuffle(offsets)
    for offset in offsets:
        with socket.socket() as staging, socket.socket() as production:
            try:
                staging.bind(("127.0.0.1", 7101 + offset))
                production.bind(("127.0.0.1", 7102 + offset))
            except OSError:
                continue
            return str(offset)
    raise AssertionError("no free ports")


def free_ports(count: int) -> tuple[int, ...]:
    """So many ports of 127.0.0.1 that nobody listens on at this moment."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return tuple(each.getsockname()[1] for each in sockets)
