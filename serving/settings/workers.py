"""How many processes answer requests."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from serving.strict import DocumentError

Workers = Annotated[int, Field(strict=True, ge=1, le=256)] | Literal["auto"]
CGROUP = Path("/sys/fs/cgroup")
IGNORED = "--api-workers"  # BentoML reads it and starts one worker all the same


def count_workers(workers: Workers, cgroup: Path = CGROUP) -> int:
    """The number that a setting means; for `auto` the whole processors that this process may use,
    at least one."""
    if workers != "auto":
        return workers
    quota = _quota(cgroup)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(cores or 1, int(quota) if quota is not None else 256))


def refuse_ignored(arguments: Sequence[str]) -> None:
    """DocumentError for an option of `bentoml serve` that would have no effect."""
    if any(part == IGNORED or part.startswith(IGNORED + "=") for part in arguments):
        raise DocumentError(f"{IGNORED} has no effect: set serving.workers in delivery.yaml")


def _quota(cgroup: Path) -> float | None:
    """Processors that the control group allows, by version 2 or 1; None for all."""
    try:
        quota, period = (cgroup / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            quota = (cgroup / "cpu" / "cpu.cfs_quota_us").read_text().strip()
            period = (cgroup / "cpu" / "cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    return None if quota in ("max", "-1") else int(quota) / int(period)
