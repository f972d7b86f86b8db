"""`delivery push`: put the bytes that dvc.lock names into the store."""

from __future__ import annotations

from dataclasses import dataclass

from delivery.context import Context
from delivery.storage.dvc_lock import require_in_step


@dataclass(frozen=True, slots=True)
class PushResult:
    """Where the bytes are now."""

    store: str


def push(context: Context) -> PushResult:
    """Store everything that dvc.lock names: in the DVC remote or, where there is none and origin
    is on GitHub, in a GitHub Release."""
    require_in_step(context.root)
    return PushResult(context.store.push(context.snapshot().commit))
