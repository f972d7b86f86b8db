"""The kinds of targets that settings can name: a line for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from delivery.settings.policy import Environment
from delivery.targets.docker.images import Source
from delivery.targets.docker.target import docker_target
from delivery.targets.kubernetes.target import kubernetes_target
from delivery.targets.local.target import local_target
from delivery.targets.protocol import Target
from delivery.targets.rehearsal import rehearsal_target


@dataclass(frozen=True, slots=True)
class Sources:
    """What targets take from the checkout: images of releases, and what writes infra/, as main has
    it, into a folder."""

    images: Source
    manifests: Callable[[Path], None]


# `kind` under `target:` in delivery.yaml → what makes the target of an environment, with its
# state below the workspace.
TARGETS: Mapping[str, Callable[[Environment, Path, Sources], Target]] = {
    "local": lambda environment, workspace, _: local_target(environment, workspace),
    "docker": lambda environment, workspace, sources: docker_target(
        environment, workspace, sources.images
    ),
    "kubernetes": lambda environment, workspace, sources: kubernetes_target(
        environment, workspace, sources.images.named, sources.manifests
    ),
}


def target_of(
    environment: Environment, workspace: Path, sources: Sources, *, rehearses: bool
) -> Target:
    """The place where `environment` runs; on a machine that rehearses, one that does not last."""
    if rehearses:
        return rehearsal_target(environment, workspace)
    return TARGETS[environment.settings.target.kind](environment, workspace, sources)
