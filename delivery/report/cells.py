"""Cells of Markdown tables that hold anything."""

from __future__ import annotations

from typing import Any


def cell(value: Any) -> str:
    """A value that cannot leave its cell, whatever it is: one line, no markup."""
    text = "–" if value is None else " ".join(str(value).split())
    shown = text if len(text) <= 80 else f"{text[:79]}…"
    return shown.translate({ord(sign): f"\\{sign}" for sign in "\\|`<>[]*_~$&!#@"})
