"""Every kind of fault. A new one is a function in a module of its kind, and a line here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from tests.chaos import commands, places, processes
from tests.chaos.world import World


@dataclass(frozen=True)
class Fault:
    """`play` does it and brings the place back as the docs say, where nothing does so by itself.
    `outage`: it takes the only process that answers, so requests may be lost for a while."""

    name: str
    play: Callable[[World, Random], None]
    outage: bool = False


FAULTS: Sequence[Fault] = (
    Fault("kill a proposal", commands.kill_proposal),
    Fault("kill pr merge", commands.kill_merge),
    Fault("kill deploy", commands.kill_deploy),
    Fault("kill rollback", commands.kill_rollback),
    Fault("kill attest", commands.kill_attest),
    Fault("kill the worker", processes.kill_worker, outage=True),
    Fault("kill the leader", processes.kill_leader),
    Fault("kill the router", processes.kill_router, outage=True),
    Fault("kill the supervisor", processes.kill_supervisor),
    Fault("power off", processes.power_off, outage=True),
    Fault("stop the worker", processes.stop_worker, outage=True),
    Fault("stop the leader", processes.stop_leader),
    Fault("stop the router", processes.stop_router, outage=True),
    Fault("stop the supervisor", processes.stop_supervisor),
    Fault("empty a state file", places.empty_state),
    Fault("delete the state", places.delete_state),
    Fault("fill the disk", places.fill_disk),
    Fault("lose origin", places.lose_origin),
)
