"""Ports for a checkout of the template whose environments really run."""

from __future__ import annotations

import os
import random
import socket


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
