"""`delivery down`: stop what runs on this machine. Git still says what is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from delivery.bento.server import GRACE, sweep
from delivery.context import Context
from delivery.processes.marks import marked_below, orphans_below
from delivery.processes.process import Process, stop_all
from delivery.settings.policy import read_settings


@dataclass(frozen=True, slots=True)
class DownResult:
    """The environments that were stopped, and what had lost its files and was ended as well."""

    stopped: tuple[str, ...]
    orphans: tuple[str, ...] = ()


def down(context: Context, environment: str | None) -> DownResult:
    """Stop one environment or all, and servers that killed commands left.

    With all go processes of this checkout that no environment has any more.
    """
    settings = read_settings(context.root)
    names = (environment,) if environment else tuple(settings.environments)
    targets = context.workspace / "targets"
    orphans = _orphans(context.workspace, targets / environment if environment else targets.parent)
    for name in names:
        target = context.target(settings.environment(name))
        with target.runtime.lock():
            target.stop()
    sweep(context.workspace)
    if environment is None:
        stop_all([Process(file) for file in marked_below(targets)], grace=GRACE)
    return DownResult(names, tuple(orphans))


def _orphans(workspace: Path, folder: Path) -> Sequence[str]:
    """What runs for something in `folder` without its pid file, in words."""
    return [
        f"{file.parent.relative_to(workspace.absolute())} (process {carriers[0].pid})"
        for file, carriers in sorted(orphans_below(folder).items())
    ]
