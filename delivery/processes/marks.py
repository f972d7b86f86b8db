"""The mark that processes carry in their environment: the path of the pid file that they belong to.

Children inherit it. So whatever happened to the file, the processes are found by what they are.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

MARKER = "DELIVERY_PROCESS"


def mark_of(process: psutil.Process) -> str:
    """The mark of a process; empty where there is none, or the process is gone or not ours."""
    with suppress(psutil.Error):
        return process.environ().get(MARKER, "")
    return ""


def carriers(mark: str) -> Iterator[psutil.Process]:
    """The living processes with this mark; never this very process."""
    return (process for process, own in _marked() if own == mark)


def marked_below(folder: Path) -> Mapping[Path, Sequence[psutil.Process]]:
    """Pid file below `folder` → the living processes that carry it, whether it is there or not."""
    below: defaultdict[Path, list[psutil.Process]] = defaultdict(list)
    for process, mark in _marked():
        if Path(mark).is_relative_to(folder.absolute()):
            below[Path(mark)].append(process)
    return below


def orphans_below(folder: Path) -> Mapping[Path, Sequence[psutil.Process]]:
    """Those whose pid file is gone."""
    return {file: carrying for file, carrying in marked_below(folder).items() if not file.exists()}


def _marked() -> Iterator[tuple[psutil.Process, str]]:
    for process in psutil.process_iter():
        mark = mark_of(process)
        with suppress(psutil.Error):
            if mark and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                yield process, mark
