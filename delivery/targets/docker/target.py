"""The target `docker`: what an environment has on its engine, on whatever machine that is.

    containers   delivery-<environment>-<release>-…    an instance each
                 delivery-<environment>-router         Traefik, published on 127.0.0.1
                 delivery-<environment>-lock           whoever changes something, while it does
    networks     delivery-<environment>-inside, -front
    volume       delivery-<environment>-state
        dynamic/route.yml, records/, tls/   delivery.targets.docker.routing
        hold.json, journal.json             delivery.targets.local.routing.orders
        settled.json                        delivery.targets.local.settlement

Nothing of it lies in a checkout, so any machine that reaches the engine goes on where another left.
"""

from __future__ import annotations

from pathlib import Path

from delivery.image.reference import Reference
from delivery.settings.policy import DockerTargetSettings, Environment
from delivery.targets.docker.containers import Containers, Limits
from delivery.targets.docker.engine import Engine
from delivery.targets.docker.place import STATE, Place
from delivery.targets.docker.routing.router import ContainerRouter
from delivery.targets.docker.runtime import ContainerRuntime
from delivery.targets.docker.state.fence import ContainerFence
from delivery.targets.docker.state.volume import volume_of
from delivery.targets.local.routing.orders import LocalOrders
from delivery.targets.local.supervision import Supervision
from delivery.targets.protocol import Capabilities, Target

CAPABILITIES = Capabilities(lasting=True, shares=True, sticky=True, records=True, mirror=True)


def docker_target(environment: Environment, workspace: Path) -> Target:
    """`environment` on its engine, at its port on 127.0.0.1 there."""
    settings = environment.settings.target
    if not isinstance(settings, DockerTargetSettings):
        raise TypeError(settings)
    name, where = environment.name, f"environments.{environment.name}.target"
    base = Reference.parse(settings.base, f"{where}.base")
    image = Reference.parse(settings.router, f"{where}.router")
    place = Place(Engine(settings.host), name, str(base))
    volume = volume_of(place)
    # The network of instances leads nowhere, and the gates that call them have no credentials.
    serving = environment.serving.model_copy(update={"auth": "none"})
    limits = Limits(settings.memory, settings.cpus)
    containers = Containers(place, serving, limits)
    orders = LocalOrders(volume)
    fence = ContainerFence(
        name, workspace, orders, Supervision(workspace).process, place=place, volume=volume
    )
    router = ContainerRouter(
        Path(STATE), settings.port, name, containers.addresses, fence,
        place=place, volume=volume, image=str(image), hosts=containers.hosts,
    )  # fmt: skip
    runtime = ContainerRuntime(name, volume, workspace, containers, router, fence)
    return Target(runtime, router, orders, CAPABILITIES)
