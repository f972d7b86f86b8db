"""The pods that divide clients, as `delivery` starts, asks and ends them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from delivery.errors import TargetError
from delivery.manifests.objects import PART, Object
from delivery.targets.kubernetes.dividing.lease import NAME
from delivery.targets.kubernetes.kubectl import Kubectl
from delivery.targets.kubernetes.routing.record import Record
from delivery.targets.kubernetes.routing.route import DIVIDER

KINDS = "deployments,services,poddisruptionbudgets"
READY = 120.0  # s
POLL = 0.5  # s
END = 60.0  # s: the grace of a pod is 25
ASK = 5.0  # s


@dataclass(frozen=True, slots=True)
class Dividing:
    """In the namespace of `kubectl`. `render` makes the objects, and `records` is a folder for what
    the pods write down."""

    kubectl: Kubectl
    render: Callable[[], Sequence[Object]]
    records: Path

    @property
    def record(self) -> Record:
        """The Lease that they follow."""
        return Record(self.kubectl, NAME)

    def start(self) -> None:
        """Run them, and wait until all are ready, which they are once they read how to divide.

        Raises:
            TargetError: they do not get ready.
        """
        self.kubectl.apply(self.render())
        deadline = time.monotonic() + READY
        while not _is_whole(self.kubectl.get("deployments", DIVIDER)):
            if time.monotonic() > deadline:
                raise TargetError(
                    f"{self.kubectl}: the pods that divide clients do not get ready within "
                    f"{READY:.0f} s. `kubectl describe pods -n {self.kubectl.namespace} -l "
                    f"{PART}={DIVIDER}`"
                )
            time.sleep(POLL)

    def end(self) -> None:
        """Nothing leads to them any more: they finish what they have, and go."""
        self.kubectl.delete(KINDS, f"{PART}={DIVIDER}", END)

    def is_watched(self, url: str) -> bool:
        """Do those at `url` lead to the candidate, since somebody watches?"""
        with httpx.Client(timeout=ASK, verify=url.startswith("https:")) as client:
            return bool(_status(client, url).get("watched"))

    def stamp(self, client: httpx.Client, url: str) -> str:
        """Of the step that one of those at `url` has in force; empty where none answers."""
        return str(_status(client, url).get("stamp", ""))


def _status(client: httpx.Client, url: str) -> Mapping[str, Any]:
    with suppress(httpx.TransportError, ValueError, TypeError):
        return dict(json.loads(client.get(f"{url}/status").content))
    return {}


def _is_whole(deployment: Object | None) -> bool:
    if deployment is None:
        return False
    status: Any = deployment.get("status", {})
    wanted = deployment["spec"]["replicas"]
    current = status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
    counts = (status.get(key, 0) for key in ("replicas", "updatedReplicas", "readyReplicas"))
    return current and all(count == wanted for count in counts)
