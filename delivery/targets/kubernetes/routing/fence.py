"""Keeps the writers of one environment apart, also one that slept while others went on.

The holder of the Lease renews it. One that is not renewed for its duration, as the clock of who
waits measures it, is dead: no two clocks are compared. `leaseTransitions` is the epoch. Each write
of the route carries its writer's epoch and the resourceVersion that it read, and who takes the
Lease away marks the route first. So a write that a sleeper began comes too late.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

from delivery.errors import DeliveryError, HeldError
from delivery.manifests.objects import Object
from delivery.targets.kubernetes.kubectl import ConflictError, Kubectl
from delivery.targets.kubernetes.routing.orders import hold_of, journal_of
from delivery.targets.kubernetes.routing.record import Record
from delivery.targets.orders import Hold, JournalEntry
from delivery.targets.protocol import Writer

DURATION = 20.0  # s without a renewal, after which a holder is dead
RENEWAL = 5.0  # s
POLL = 0.5  # s
PATIENCE = 300.0  # s: an act of the supervisor starts one release
ROUTE = "httproutes.gateway.networking.k8s.io", "model"
EPOCH = "delivery/epoch"


class LostError(HeldError):
    """The Lease is another's."""


@dataclass
class Fence:
    """Of `environment`, for one writer at a time. One that never took the lock is not fenced."""

    environment: str
    record: Record
    writer: Writer = Writer.DEPLOYMENT
    epoch: int | None = None
    identity: str = field(
        default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
    )

    @property
    def kubectl(self) -> Kubectl:
        return self.record.kubectl

    @contextmanager
    def lock(self, writer: Writer) -> Iterator[None]:
        """Be the one writer. HeldError names another, or an order that has to be obeyed."""
        self.writer = writer
        lease = self._acquire(writer)
        ended = threading.Event()
        renewal = threading.Thread(target=self._renew, args=(ended,), daemon=True)
        renewal.start()
        try:
            self._require(lease)
            yield
        finally:
            ended.set()
            renewal.join()
            with suppress(DeliveryError):  # or else it ends by itself
                self.record.change(self._ended)
            self.epoch = None

    def require_turn(self) -> None:
        """HeldError if the writer may not go on."""
        if self.epoch is not None:
            self._require(self.record.read())

    def require_epoch(self, written: Object | None) -> int:
        """The epoch to write with over the object that is there; LostError where a later writer
        was there already."""
        there = int((written or {}).get("metadata", {}).get("annotations", {}).get(EPOCH, 0))
        if self.epoch is not None and there > self.epoch:
            raise self._overtaken(self.record.read())
        return there if self.epoch is None else self.epoch

    def _require(self, lease: Object) -> None:
        if not self._is_ours(lease):
            raise self._overtaken(lease)
        if order := self._order(lease):
            raise HeldError(f"{order}.")

    def _acquire(self, writer: Writer) -> Object:
        """Take the Lease, and begin an epoch."""
        deadline = time.monotonic() + PATIENCE
        while True:
            seen = self.record.read()
            holder = "" if writer is Writer.ROLLBACK else _holder(seen)
            if holder and self._is_renewed(seen):
                self._wait_for(holder, deadline)
                continue
            try:
                lease = self.record.change(partial(self._take, seen, writer), seen)
            except LostError:
                continue  # somebody was faster: look again
            self.epoch = int(lease["spec"]["leaseTransitions"])
            if _holder(seen):
                self._mark_route(self.epoch)
            return lease

    def _take(self, seen: Object, writer: Writer, lease: dict[str, Any]) -> None:
        if _moment(lease) != _moment(seen):
            raise LostError("another command was faster")
        now = _now()
        lease["spec"] |= {
            "holderIdentity": f"{writer.name.lower()}:{self.identity}",
            "leaseDurationSeconds": int(DURATION),
            "acquireTime": now,
            "renewTime": now,
            "leaseTransitions": int(lease["spec"].get("leaseTransitions") or 0) + 1,
        }

    def _is_renewed(self, seen: Object) -> bool:
        """Does its holder live? Waits until it renews, or for as long as its Lease lasts."""
        lasts = float(seen["spec"].get("leaseDurationSeconds") or DURATION)
        deadline = time.monotonic() + lasts
        while time.monotonic() < deadline:
            time.sleep(POLL)
            if _moment(self.record.read()) != _moment(seen):
                return True
        return False

    def _wait_for(self, holder: str, deadline: float) -> None:
        """For the supervisor, which holds the lock while it mends something."""
        now = _holder(self.record.read())
        supervises = holder.startswith(f"{Writer.SUPERVISOR.name.lower()}:")
        if now and not (supervises and time.monotonic() < deadline):
            raise HeldError(
                f"{self.environment} is being changed by another command ({now}). Wait for it to "
                "end, or end it, and run this again."
            )

    def _mark_route(self, epoch: int) -> None:
        """So that the holder from before writes it no more."""
        while (route := self.kubectl.get(*ROUTE)) is not None:
            annotations = {**route["metadata"].get("annotations", {}), EPOCH: str(epoch)}
            try:
                self.kubectl.replace(
                    {**route, "metadata": {**route["metadata"], "annotations": annotations}}
                )
            except ConflictError:
                continue
            return

    def _renew(self, ended: threading.Event) -> None:
        while not ended.wait(RENEWAL):
            with suppress(DeliveryError):  # one that fails is tried again; `require_turn` tells
                self.record.change(self._renewed)

    def _renewed(self, lease: dict[str, Any]) -> None:
        self._require_ours(lease)
        lease["spec"]["renewTime"] = _now()

    def _ended(self, lease: dict[str, Any]) -> None:
        self._require_ours(lease)
        del lease["spec"]["holderIdentity"]

    def _require_ours(self, lease: Object) -> None:
        if not self._is_ours(lease):
            raise LostError(f"{self.environment} has another holder")

    def _is_ours(self, lease: Object) -> bool:
        spec = lease["spec"]
        ours = _holder(lease).endswith(f":{self.identity}")
        return ours and spec.get("leaseTransitions") == self.epoch

    def _order(self, lease: Object) -> Hold | JournalEntry | None:
        """What the writer has to obey."""
        if self.writer is Writer.SUPERVISOR:
            return None
        journal = journal_of(lease) if self.writer is Writer.DEPLOYMENT else None
        return hold_of(lease) or journal

    def _overtaken(self, lease: Object) -> LostError:
        which = journal_of(lease) or f"`delivery history {self.environment}` says why"
        return LostError(
            f"another command ({_holder(lease) or 'which ended'}) took {self.environment} over "
            f"from this one, which was at work or asleep and changes nothing any more. {which}."
        )


def _holder(lease: Object) -> str:
    return str(lease["spec"].get("holderIdentity") or "")


def _moment(lease: Object) -> tuple[Any, ...]:
    """What changes with every renewal and every holder."""
    return tuple(
        lease["spec"].get(key) for key in ("holderIdentity", "renewTime", "leaseTransitions")
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
