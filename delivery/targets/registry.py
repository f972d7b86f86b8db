"""The kinds of targets that settings can name: a line for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from delivery.settings.policy import Environment
from delivery.targets.local.target import local_target
from delivery.targets.protocol import Target
from delivery.targets.rehearsal import rehearsal_target

# `kind` under `target:` in delivery.yaml → what makes the target of an environment, with its
# state below the workspace.
TARGETS: Mapping[str, Callable[[Environment, Path], Target]] = {
    "local": local_target,
}


def target_of(environment: Environment, workspace: Path, *, rehearses: bool) -> Target:
    """The place where `environment` runs; on a machine that rehearses, one that does not last."""
    if rehearses:
        return rehearsal_target(environment, workspace)
    return TARGETS[environment.settings.target.kind](environment, workspace)
