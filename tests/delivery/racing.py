"""Commands that people call at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from delivery.errors import DeliveryError

Result = TypeVar("Result")


def race(act: Callable[[int], Result], count: int = 10) -> list[Result | DeliveryError]:
    """What `act(0)`, `act(1)` … return or raise, all called at the same moment."""
    start = threading.Barrier(count)

    def call(number: int) -> Result | DeliveryError:
        start.wait()
        try:
            return act(number)
        except DeliveryError as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(call, range(count)))
