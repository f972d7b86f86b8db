"""The rollout of an environment, shown while a command of the story carries it out."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

from rich.live import Live
from rich.padding import Padding

from delivery.demo.stage import CONSOLE, DemoError, Stage
from delivery.report.picture import line, picture

PAUSE = 2.0  # s, between two looks


@contextmanager
def shown(stage: Stage, environment: str) -> Iterator[None]:
    """A picture that changes with the rollout on a terminal, elsewhere a line for each change."""
    ended = threading.Event()
    watcher = threading.Thread(target=_show, args=(stage, environment, ended))
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def _show(stage: Stage, environment: str, ended: threading.Event) -> None:
    live = Live(console=CONSOLE, auto_refresh=False, transient=True)
    said = ""
    with live if CONSOLE.is_terminal else nullcontext():
        while not ended.wait(PAUSE):
            rollout = _look(stage, environment)
            if CONSOLE.is_terminal:
                live.update(Padding(picture(rollout), (0, 2)) if rollout else "", refresh=True)
            elif rollout and line(rollout) != said:
                said = line(rollout)
                CONSOLE.print(f"  {environment}: {said}", markup=False, soft_wrap=True)


def _look(stage: Stage, environment: str) -> Mapping[str, Any] | None:
    """None where no rollout is under way, and where it cannot be seen at this moment."""
    with suppress(DemoError):
        for row in stage.ask("status"):
            if row["environment"] == environment:
                rollout: Mapping[str, Any] | None = row["rollout"]
                return rollout
    return None
