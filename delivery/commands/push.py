"""`delivery push`: put the bytes that dvc.lock names into the store."""

from __future__ import annotations

from delivery.context import Context
from delivery.storage.dvc_lock import require_in_step


def push(context: Context) -> str:
    """Store everything that dvc.lock names: in the DVC remote or, where there is none and origin
    is on GitHub, in a GitHub Release. Returns where."""
    require_in_step(context.root)
    return context.store.push(context.snapshot().commit)
