"""How long a request may take, for thousands of them at the price of a dictionary's entry.

`asyncio.timeout` costs a request a timer, 5 µs; here all requests of a worker share one.
"""

from __future__ import annotations

import asyncio
from typing import Protocol


class Late(Protocol):
    """Learns that its time is up before its task is cancelled."""

    late: bool


class Deadlines:
    """Cancels the task of a request that takes longer than `seconds`, at most a tenth later."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._open: dict[Late, tuple[float, asyncio.Task[object]]] = {}  # the oldest first
        self._ticking: asyncio.AbstractEventLoop | None = None

    def begin(self, request: Late) -> None:
        """From now on; inside the task of the request."""
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None
        self._open[request] = (loop.time() + self._seconds, task)
        if self._ticking is not loop:
            self._ticking = loop
            loop.call_later(self._seconds / 10, self._tick, loop)

    def end(self, request: Late) -> None:
        self._open.pop(request, None)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for request, (deadline, task) in list(self._open.items()):
            if deadline > now:
                break
            del self._open[request]
            request.late = True
            task.cancel()
        self._ticking = loop if self._open else None
        if self._open:
            loop.call_later(self._seconds / 10, self._tick, loop)
