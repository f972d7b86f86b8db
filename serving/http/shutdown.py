"""How workers end: not ready first, then answering on for a while, then gone; or by
accident, and then another one is started.

Whoever sends traffic here has to notice before connections are refused, so SIGTERM makes the
readiness false at once and is passed on `seconds` later. Then uvicorn takes no new connections and
ends when the requests in flight are answered.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from types import FrameType
from typing import cast

Handler = Callable[[int, FrameType | None], object]


class Shutdown:
    """Whether this worker was told to end."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.begun = False

    def watch(self) -> None:
        """Stand between SIGTERM and whoever handles it now, inside a worker's event loop."""
        loop = asyncio.get_running_loop()
        handler = signal.getsignal(signal.SIGTERM)
        if not callable(handler):  # no server is here that would drain anything
            return
        then = cast(Handler, handler)

        def begin(number: int, frame: FrameType | None) -> None:
            if self.begun or not self._seconds:  # told twice means hurry
                self.begun = True
                then(number, frame)
                return
            self.begun = True
            loop.call_soon_threadsafe(loop.call_later, self._seconds, then, number, None)

        signal.signal(signal.SIGTERM, begin)


def replace_dead_workers() -> None:
    """BentoML starts a new worker for one that died, within 10 seconds; but not in a container of
    its own making, where the others would carry on with fewer. Call it before they start."""
    os.environ.pop("BENTOML_CONTAINERIZED", None)
