"""Keeps the writers of one environment apart, on whatever machines they are.

The lock is a container of a fixed name, since an engine gives a name once. It is the hand by which
its holder writes: `delivery.targets.docker.state.hand`.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from delivery.targets.docker.place import Place, label
from delivery.targets.docker.state.hand import Hand, HandLostError
from delivery.targets.docker.state.volume import Volume
from delivery.targets.local.routing.fence import POLL, Fence
from delivery.targets.protocol import Writer

FREED = 5.0  # s: the engine sees the end of a holder that was killed within one
GONE = 10.0  # s: and removes what ended
TAKEN = "is already in use"


@dataclass
class ContainerFence(Fence):
    """As on one machine, with a container in place of the file."""

    place: Place = field(kw_only=True)
    volume: Volume = field(kw_only=True)
    _hand: Hand | None = None

    @contextmanager
    def write(self) -> Iterator[None]:
        """Make one short write; HeldError if the lock was taken away."""
        self.require_turn()
        with self.volume.written_by(self._hand):
            try:
                yield
            except HandLostError:
                self.require_turn()
                raise

    def _enter(self, stack: ExitStack) -> str:
        """Take the lock; who holds it instead, empty if we do."""
        begun = time.monotonic()
        while not self._take(stack):
            found, waited = self._found(), time.monotonic() - begun
            if found and found["State"]["Running"]:
                if waited >= FREED:
                    return label(found, "holder")
            elif found and waited >= GONE:
                self.place.engine.removed(found["Id"])  # it holds nothing any more
            time.sleep(POLL)
        return ""

    def _take(self, stack: ExitStack) -> bool:
        self.volume.ask("ping")  # it is there, and may be written
        labels = self.place.labelled("lock", {"holder": self._holder})
        hand = Hand(self.place, f"--name={self._name}", *labels)
        try:
            hand.ask("ping")
        except HandLostError as error:
            hand.close()
            if TAKEN in str(error):
                return False
            raise
        ended = threading.Event()
        beat = threading.Thread(target=hand.keep, args=(ended,), daemon=True)
        beat.start()
        stack.callback(hand.close)
        stack.callback(ended.set)
        self._hand, self._is_ours = hand, hand.lives
        return True

    def _take_over(self, stack: ExitStack) -> None:
        while not self._take(stack):
            self.place.engine.removed(self._name)

    def _found(self) -> Mapping[str, Any] | None:
        return self.place.engine.inspected("container", self._name)

    def _forget(self) -> None:
        self._hand = self._is_ours = None

    def _supervisor(self) -> str:
        """The holder, if it is a supervisor; empty otherwise."""
        volume = self._found()
        holder = label(volume, "holder") if volume else ""
        return holder if holder.startswith(Writer.SUPERVISOR.value) else ""

    @property
    def _holder(self) -> str:
        return f"{self.writer.value} in process {os.getpid()} on {socket.gethostname()}"

    @property
    def _name(self) -> str:
        return self.place.name("lock")
