"""The kinds of targets that settings can name: a line for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from delivery.settings.policy import Environment
from delivery.targets.batch.target import batch_target
from delivery.targets.docker.target import docker_target
from delivery.targets.kubernetes.target import kubernetes_target
from delivery.targets.local.target import local_target
from delivery.targets.protocol import Target
from delivery.targets.rehearsal import rehearsal_target

Manifests = Callable[[Path], None]  # writes infra/, as main has it, into a folder

# `kind` under `target:` in delivery.yaml → what makes the target of an environment, with its
# state below the workspace.
TARGETS: Mapping[str, Callable[[Environment, Path, Manifests], Target]] = {
    "local": lambda environment, workspace, _: local_target(environment, workspace),
    "batch": lambda environment, workspace, _: batch_target(environment, workspace),
    "docker": lambda environment, workspace, _: docker_target(environment, workspace),
    "kubernetes": kubernetes_target,
}


def target_of(
    environment: Environment, workspace: Path, manifests: Manifests, *, rehearses: bool
) -> Target:
    """The place where `environment` runs; on a machine that rehearses, one that does not last."""
    if rehearses:
        return rehearsal_target(environment, workspace)
    return TARGETS[environment.settings.target.kind](environment, workspace, manifests)
