"""The rehearsal target: the local one inside one job, on a machine that ends with the job.

A release is started beside the one before, judged and given the traffic, as for real; then
everything is stopped. So `verified` in a rehearsal says that the bytes start, answer and switch,
and nothing about a place where clients are: its events are kept apart from all others.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from delivery.settings.policy import Environment
from delivery.targets.local.target import local_target
from delivery.targets.protocol import Capabilities, Target


def rehearsal_target(environment: Environment, workspace: Path) -> Target:
    """A place to run that does not last."""
    local = local_target(environment, workspace)
    return replace(local, capabilities=Capabilities(lasting=False))
