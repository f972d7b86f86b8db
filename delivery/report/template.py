"""Templates of pages: each is one self-contained file, and what comes from outside is escaped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

FOLDER = Path(__file__).parent / "templates"


def render(
    name: str,
    content: Mapping[str, Any],
    *,
    folder: Path = FOLDER,
    filters: Mapping[str, Callable[..., Any]] | None = None,
) -> str:
    """The page `name` of `folder`; what all pages share is in this room's."""
    environment = Environment(
        loader=FileSystemLoader([folder, FOLDER]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= filters or {}
    return environment.get_template(name).render(content)
