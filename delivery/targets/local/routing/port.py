"""The port that a router is about to take."""

from __future__ import annotations

from pathlib import Path

from delivery.errors import InputError
from delivery.processes.marks import mark_of
from delivery.processes.ports import holder, listener, taken
from delivery.processes.process import Process

GRACE = 15.0  # s: what the requests of an orphan get


def clear_port(port: int, environment: str, targets: Path) -> None:
    """End what holds `port` if it is an orphan of ours: started for something in the folder
    `targets`, with its pid file gone.

    Raises:
        InputError: somebody else holds it. Names who.
    """
    if not taken(port):
        return
    process = listener(port)
    mark = mark_of(process) if process else ""
    if mark and Path(mark).is_relative_to(targets) and not Path(mark).exists():
        Process(Path(mark)).stop(grace=GRACE)
        if not taken(port):
            return
    ours = f", started by delivery for {mark} (`delivery down` ends it there)" if mark else ""
    raise InputError(
        f"port {port} of {environment} is in use{holder(port)}{ours}. Choose another in "
        f"delivery.yaml (environments.{environment}.target.port), or move all ports of this "
        "checkout with DELIVERY_PORT_OFFSET=100, or run `make down` in the checkout that uses it."
    )
