"""The Lease `divider` of a namespace: how clients are divided, and for how long.

spec                   who watches, and when it did last
annotations
  delivery/split       delivery.targets.split.Split

The pods that divide clients read it. Once it was not renewed for a while, as their own clocks
measure it, the champion answers everybody.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any

from delivery.errors import DeliveryError, HeldError
from delivery.manifests.objects import Object
from delivery.targets.kubernetes.routing.record import Record, notes
from delivery.targets.local.routing.lease import Term
from delivery.targets.split import Split

NAME = "divider"
SPLIT = "delivery/split"
BEAT = 2.0  # s
SILENCE = 8.0  # s without a renewal, after which nobody watches


class ClusterLease(Term):
    """Renewed by its watcher, and written into `record` every two seconds while it holds."""

    def __init__(self, record: Record) -> None:
        self.identity = token_hex(8)
        self._record = record
        self._carries = False
        self._ended = threading.Event()
        super().__init__()
        self._thread = threading.Thread(target=self._beat, daemon=True)
        self._thread.start()

    def carry(self, split: Split) -> None:
        """Say how clients are divided, whoever said it before."""

        def edit(lease: dict[str, Any]) -> None:
            annotations = lease["metadata"].setdefault("annotations", {})
            annotations[SPLIT] = json.dumps(asdict(split))
            lease["spec"] |= {"holderIdentity": self.identity, "renewTime": _now()}

        self._record.change(edit)
        self._carries = True

    def close(self) -> None:
        """The champion answers everybody within a second."""
        self.end()
        self._ended.set()
        self._thread.join()
        with suppress(DeliveryError):  # it ends by itself
            self._record.change(self._given_up)

    def _beat(self) -> None:
        while not self._ended.wait(BEAT):
            if self.holds and self._carries:
                with suppress(DeliveryError):  # the next one may come through
                    self._record.change(self._renewed)

    def _renewed(self, lease: dict[str, Any]) -> None:
        self._require_ours(lease)
        lease["spec"]["renewTime"] = _now()

    def _given_up(self, lease: dict[str, Any]) -> None:
        self._require_ours(lease)
        del lease["spec"]["holderIdentity"]

    def _require_ours(self, lease: Object) -> None:
        if lease["spec"].get("holderIdentity") != self.identity:
            raise HeldError("another command watches")


@contextmanager
def watched(record: Record) -> Iterator[ClusterLease]:
    """A lease that ends with the block."""
    lease = ClusterLease(record)
    try:
        yield lease
    finally:
        lease.close()


def split_of(lease: Object) -> Split | None:
    """How a Lease says that clients are divided; None where it does not."""
    text = notes(lease).get(SPLIT)
    return Split(**json.loads(text)) if text else None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
