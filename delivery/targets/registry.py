"""The kinds of targets that settings can name: a line for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from delivery.settings.policy import Environment
from delivery.targets.docker.images import Source
from delivery.targets.docker.target import docker_target
from delivery.targets.local.target import local_target
from delivery.targets.protocol import Target
from delivery.targets.rehearsal import rehearsal_target

# `kind` under `target:` in delivery.yaml → what makes the target of an environment, with its
# state below the workspace.
TARGETS: Mapping[str, Callable[[Environment, Path, Source], Target]] = {
    "local": lambda environment, workspace, _: local_target(environment, workspace),
    "docker": docker_target,
}


def target_of(
    environment: Environment, workspace: Path, images: Source, *, rehearses: bool
) -> Target:
    """The place where `environment` runs; on a machine that rehearses, one that does not last.
    `images` are those of the releases that it shall run."""
    if rehearses:
        return rehearsal_target(environment, workspace)
    return TARGETS[environment.settings.target.kind](environment, workspace, images)
