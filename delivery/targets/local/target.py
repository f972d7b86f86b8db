"""The local target: bento processes behind a router, on this machine.

    <workspace>/targets/<environment>/
        lock, mutex                delivery.targets.local.routing.fence
        hold.json, journal.json    delivery.targets.local.routing.orders
        settled.json               delivery.targets.local.settlement
        predictions/               serving.telemetry.predictions.prediction_log, and feedback
        router/                    delivery.targets.local.routing.router
        instances/<release>/       delivery.targets.local.instances

Nothing is shared with another checkout but the ports, which settings choose.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from delivery.settings.policy import DockerTargetSettings, Environment, LocalTargetSettings
from delivery.targets.local.instances import Instances
from delivery.targets.local.routing.fence import Fence
from delivery.targets.local.routing.orders import LocalOrders
from delivery.targets.local.routing.router import LocalRouter
from delivery.targets.local.runtime import LocalRuntime
from delivery.targets.local.supervision import Supervision
from delivery.targets.protocol import Capabilities, Target

CAPABILITIES = Capabilities(
    lasting=True, shares=True, sticky=True, records=True, predictions=True, mirror=True
)


def local_target(environment: Environment, workspace: Path) -> Target:
    """`environment` at its port on 127.0.0.1, with its state under `workspace`."""
    folder = workspace / "targets" / environment.name
    # It listens on 127.0.0.1 alone, and the gates that call it have no credentials.
    settings = environment.serving.model_copy(update={"auth": "none"})
    instances = Instances(folder / "instances", settings, folder / "predictions")
    place = environment.settings.target
    assert isinstance(place, LocalTargetSettings | DockerTargetSettings)
    port = place.port
    orders = LocalOrders(folder)
    fence = Fence(environment.name, folder, orders, Supervision(workspace).process)
    router = LocalRouter(folder / "router", port, environment.name, instances.addresses, fence)
    envs = workspace / "envs"
    runtime = LocalRuntime(environment.name, folder, envs, instances, router, fence)
    logs = settings.log.share > 0
    return Target(runtime, router, orders, replace(CAPABILITIES, predictions=logs))
