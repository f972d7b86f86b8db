"""Keeps the writers of one environment apart, also one that slept while others went on.

    <folder>/lock     held by whoever changes the environment
    <folder>/mutex    held for a single write

The lock file is the epoch. Whoever takes the lock away puts another file in its place, and each
write makes sure that the file which its writer locked is the one that is there. The system frees a
lock only when its holder ends it or dies, so nothing else can lose it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from delivery.errors import HeldError
from delivery.files import LockedError, locked
from delivery.processes.process import Process
from delivery.targets.local.routing.orders import LocalOrders
from delivery.targets.orders import Hold, JournalEntry
from delivery.targets.protocol import Writer

PATIENCE = 120.0  # s: an act of the supervisor starts one release
STUCK = 5.0  # s: a write takes some milliseconds
POLL = 0.1  # s


@dataclass
class Fence:
    """Of `environment`, for one writer at a time. One that never took the lock is not fenced."""

    environment: str
    folder: Path
    orders: LocalOrders
    supervisor: Process
    writer: Writer = Writer.DEPLOYMENT
    _is_ours: Callable[[], bool] | None = None

    @contextmanager
    def lock(self, writer: Writer) -> Iterator[None]:
        """Be the one writer. HeldError names another, or an order that has to be obeyed. Waits for
        the supervisor, which holds the lock while it mends something."""
        self.writer = writer
        with ExitStack() as stack:
            if writer is Writer.ROLLBACK:
                self._take_over(stack)
            else:
                self._wait(stack)
            stack.callback(self._forget)
            self.require_turn()
            yield

    @contextmanager
    def write(self) -> Iterator[None]:
        """Make one short write that nobody else gets between."""
        with self._mutex():
            self.require_turn()
            yield

    def require_turn(self) -> None:
        """HeldError if the writer may not go on."""
        if self._is_ours is None:
            return
        if not self._is_ours():
            which = self.orders.journal() or f"`delivery history {self.environment}` says why"
            raise HeldError(
                f"a rollback of {self.environment} took over from this command, which was at work "
                f"or asleep and changes nothing any more. {which}."
            )
        if order := self._order():
            raise HeldError(f"{order}.")

    def _order(self) -> Hold | JournalEntry | None:
        """What the writer has to obey."""
        if self.writer is Writer.SUPERVISOR:
            return None
        journal = self.orders.journal if self.writer is Writer.DEPLOYMENT else lambda: None
        return self.orders.hold() or journal()

    def _wait(self, stack: ExitStack) -> None:
        deadline = time.monotonic() + PATIENCE
        while (holder := self._enter(stack)) != "":
            if holder != self._supervisor() or time.monotonic() > deadline:
                raise HeldError(
                    f"{self.environment} is being changed by another command ({holder}). Wait "
                    "for it to end, or end it, and run this again."
                )
            time.sleep(POLL)

    def _take_over(self, stack: ExitStack) -> None:
        while self._enter(stack) != "":
            with self._mutex():  # not between what a writer makes sure of and its write
                self._lock.unlink(missing_ok=True)

    def _enter(self, stack: ExitStack) -> str:
        """Take the lock; who holds it instead, empty if we do."""
        try:
            self._is_ours = stack.enter_context(locked(self._lock, wait=False))
        except LockedError as error:
            return str(error) or "another process"
        return ""

    def _forget(self) -> None:
        self._is_ours = None

    @contextmanager
    def _mutex(self) -> Iterator[None]:
        """Wait for it; HeldError if somebody sleeps who has it."""
        deadline = time.monotonic() + STUCK
        with ExitStack() as stack:
            while True:
                try:
                    stack.enter_context(locked(self.folder / "mutex", wait=False))
                    break
                except LockedError as error:
                    if time.monotonic() > deadline:
                        raise HeldError(self._stuck(str(error))) from error
                time.sleep(POLL / 10)
            yield

    def _stuck(self, holder: str) -> str:
        return (
            f"{holder} is in the middle of a write to {self.environment} for {STUCK:.0f} s; it may "
            f"be stopped. `kill -9 {holder.removeprefix('process ')}`, which loses nothing, and "
            "run this again."
        )

    @property
    def _lock(self) -> Path:
        return self.folder / "lock"

    def _supervisor(self) -> str:
        """Its name in a lock, which one that was killed holds for a moment more; empty if it is
        this very process, which does not wait for itself."""
        pid = self.supervisor.pid()
        return "" if pid == os.getpid() else f"process {pid}"
