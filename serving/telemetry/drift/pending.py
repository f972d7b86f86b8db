"""What was counted and has not been handed to Prometheus yet.

There a sample costs 1 to 3 µs, in a sum a fraction of that. So sums are handed over a few times a
second, and before they are read: the metrics of a worker that answers a scrape are exact.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
from collections.abc import Callable

logger = logging.getLogger("serving")
INTERVAL = 0.25  # s

Publish = Callable[[], None]


class Pending:
    """Sums that wait for `INTERVAL`, or for the next flush."""

    def __init__(self) -> None:
        self._waiting: dict[Publish, None] = {}
        self._loop: asyncio.AbstractEventLoop | None = None  # in which a timer runs

    def add(self, publish: Publish) -> None:
        """Call `publish` soon. At once where nothing would come later: outside of an event loop."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            publish()
            return
        self._waiting[publish] = None
        if self._loop is not loop:
            self._loop = loop
            loop.call_later(INTERVAL, self._later)

    def flush(self) -> None:
        """Hand over what is waiting now."""
        waiting, self._waiting = self._waiting, {}
        for publish in waiting:
            try:
                publish()
            except Exception:  # a bug in one of them costs the others nothing
                logger.exception("a metric cannot be published")

    def _later(self) -> None:
        self._loop = None
        self.flush()


PENDING = Pending()
atexit.register(PENDING.flush)  # a worker that ends leaves nothing behind
