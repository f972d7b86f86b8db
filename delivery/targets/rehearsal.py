"""The rehearsal target: the local one inside one job, on a machine that ends with the job.

Where an environment has no service, its rehearsal has none either.

A release is started beside the one before, judged and given the traffic, as for real; then
everything is stopped. So `verified` in a rehearsal says that the bytes start, answer and switch,
and nothing about a place where clients are: its events are kept apart from all others.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from zlib import crc32

from delivery.settings.kubernetes import KubernetesTargetSettings
from delivery.settings.policy import Environment, LocalTargetSettings
from delivery.targets.batch.target import batch_target
from delivery.targets.local.target import local_target
from delivery.targets.protocol import Capabilities, Target

ENDS = Capabilities(lasting=False)
FIRST_PORT, PORTS = 20_000, 10_000  # below those that systems give away by themselves


def rehearsal_target(environment: Environment, workspace: Path) -> Target:
    """A place to run that does not last, at the port of settings; one that runs in a cluster has
    a port of its own, the same each time."""
    settings = environment.settings
    if not settings.serves:
        return replace(batch_target(environment, workspace), capabilities=ENDS)
    if isinstance(settings.target, KubernetesTargetSettings):
        port = FIRST_PORT + crc32(environment.name.encode()) % PORTS
        here = LocalTargetSettings(kind="local", port=port)
        environment = replace(environment, settings=settings.model_copy(update={"target": here}))
    local = local_target(environment, workspace)
    return replace(local, capabilities=ENDS)
