"""A request that takes too long is cancelled, and no other."""

from __future__ import annotations

import asyncio

import pytest

from serving.guard.limits.deadlines import Deadlines


class Request:
    late = False


async def run(deadlines: Deadlines, *, ends: bool) -> Request:
    """A request that waits for ever, whose deadline is lifted where it `ends`."""
    request = Request()
    deadlines.begin(request)
    if ends:
        deadlines.end(request)
        return request
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(asyncio.Event().wait(), 10)
    return request


@pytest.mark.parametrize("ends", [True, False])
def test_a_request_is_late_only_if_it_does_not_end(ends: bool) -> None:
    assert asyncio.run(run(Deadlines(0.01), ends=ends)).late is not ends


def test_each_request_has_its_own_time() -> None:
    async def both() -> tuple[Request, Request]:
        deadlines = Deadlines(0.02)
        slow = asyncio.create_task(run(deadlines, ends=False))
        quick = await asyncio.create_task(run(deadlines, ends=True))
        return await slow, quick

    slow, quick = asyncio.run(both())
    assert (slow.late, quick.late) == (True, False)
