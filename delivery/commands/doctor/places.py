"""Where environments run: is the port of each free, and does its cluster let `delivery` in?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from delivery.commands.doctor.check import Check, look
from delivery.context import Context
from delivery.processes.ports import holder, taken
from delivery.settings.kubernetes import KubernetesTargetSettings
from delivery.settings.policy import (
    PORT_OFFSET,
    BatchTargetSettings,
    DockerTargetSettings,
    Environment,
)
from delivery.targets.kubernetes.target import access


def place(context: Context, environment: Environment) -> Check:
    """Of one environment that has a service."""
    target = environment.settings.target
    if isinstance(target, KubernetesTargetSettings):
        return look(f"cluster {environment}", partial(access, environment, context.manifests))
    assert not isinstance(target, BatchTargetSettings)
    return _port(context, environment, target.port)


def places(context: Context, environments: Iterator[Environment]) -> Iterator[Check]:
    """Of each that has a service here or in a cluster. Those on an engine have their own checks."""
    for environment in environments:
        target = environment.settings.target
        if not isinstance(target, DockerTargetSettings | BatchTargetSettings):
            yield place(context, environment)


def _port(context: Context, environment: Environment, port: int) -> Check:
    """Is it free, or answered by our own router?"""
    router = context.target(environment).router
    if router.weights():
        return _answering(environment.name, port, router.problem())
    if not taken(port):
        return Check(f"port {port}", True, f"free for {environment}")
    return Check(
        f"port {port}",
        False,
        f"{environment} wants it and it is taken{holder(port)}",
        f"stop that, change environments.{environment}.target.port in delivery.yaml, or set "
        f"{PORT_OFFSET}=100",
    )


def _answering(environment: str, port: int, problem: str) -> Check:
    """The port of an environment that has a route."""
    if not problem:
        return Check(f"port {port}", True, f"{environment} answers there")
    cure = f"`delivery deploy {environment}`"
    return Check(f"port {port}", False, f"the router of {environment} {problem}", cure)
