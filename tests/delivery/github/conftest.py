"""A GitHub over the origin, and a client whose waits take no time."""

from __future__ import annotations

from tests.delivery.github.client import api, branch, clock, hub, token

__all__ = ["api", "branch", "clock", "hub", "token"]
