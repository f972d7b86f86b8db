"""The batch target: no service, and no clients to lead to one.

    <workspace>/targets/<environment>/
        lock, mutex                delivery.targets.local.routing.fence
        hold.json, journal.json    delivery.targets.local.routing.orders
        settled.json               delivery.targets.local.settlement
        route.json                 delivery.targets.batch.router
        ready.json                 delivery.targets.batch.runtime

A release is started by making what scores with it, and its traffic is that it is the one to score
with. `delivery batch run` reads neither: which release is verified stands in the event log.
"""

from __future__ import annotations

from pathlib import Path

from delivery.settings.policy import Environment
from delivery.targets.batch.router import BatchRouter
from delivery.targets.batch.runtime import BatchRuntime
from delivery.targets.local.routing.fence import Fence
from delivery.targets.local.routing.orders import LocalOrders
from delivery.targets.local.supervision import Supervision
from delivery.targets.protocol import Capabilities, Target


def batch_target(environment: Environment, workspace: Path) -> Target:
    """`environment`, with its state and the libraries of its releases under `workspace`."""
    folder = workspace / "targets" / environment.name
    orders = LocalOrders(folder)
    fence = Fence(environment.name, folder, orders, Supervision(workspace).process)
    router = BatchRouter(environment.name, folder / "route.json", fence)
    runtime = BatchRuntime(
        environment.name, folder, workspace / "envs", environment.serving, router, fence
    )
    return Target(runtime, router, orders, Capabilities(lasting=True))
