"""`delivery down`: stop what runs on this machine. Git still says what is wanted."""

from __future__ import annotations

from delivery.bento.server import sweep
from delivery.context import Context
from delivery.settings.policy import read_settings


def down(context: Context, environment: str | None) -> tuple[str, ...]:
    """Stop one environment or all, and servers that killed commands left. Returns their names."""
    settings = read_settings(context.root)
    names = (environment,) if environment else tuple(settings.environments)
    for name in names:
        context.target(settings, name).stop()
    sweep(context.workspace)
    return names
