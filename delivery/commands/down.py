"""`delivery down`: stop what runs on this machine. Git still says what is wanted."""

from __future__ import annotations

from dataclasses import dataclass

from delivery.bento.server import sweep
from delivery.context import Context
from delivery.settings.policy import read_settings


@dataclass(frozen=True, slots=True)
class DownResult:
    """The environments that were stopped."""

    stopped: tuple[str, ...]


def down(context: Context, environment: str | None) -> DownResult:
    """Stop one environment or all, and servers that killed commands left."""
    settings = read_settings(context.root)
    names = (environment,) if environment else tuple(settings.environments)
    for name in names:
        context.target(settings.environment(name)).stop()
    sweep(context.workspace)
    return DownResult(names)
