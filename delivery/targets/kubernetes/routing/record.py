"""The Lease `delivery` of a namespace: who may change it, and what has to be remembered beside it.

spec                     the lock, delivery.targets.kubernetes.routing.fence
annotations
  delivery/hold          delivery.targets.orders.Hold
  delivery/journal       delivery.targets.orders.JournalEntry
  delivery/settled       what the last deployment left running
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from delivery.manifests.objects import Object
from delivery.targets.kubernetes.kubectl import ConflictError, Kubectl

NAME = "delivery"
ATTEMPTS = 20  # writes that came second before one gives up


@dataclass(frozen=True, slots=True)
class Record:
    """The Lease of a name, be it there or not."""

    kubectl: Kubectl
    name: str = NAME

    def read(self) -> Object:
        """As it is; one without a holder where there is none yet."""
        return self.kubectl.get("lease", self.name) or {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": self.name, "namespace": self.kubectl.namespace},
            "spec": {"leaseTransitions": 0},
        }

    def change(self, edit: Callable[[dict[str, Any]], None], seen: Object | None = None) -> Object:
        """Write what `edit` makes of it; anew from the start if somebody else was faster. What
        `edit` raises ends it. `seen` is what was read a moment ago, if it was."""
        for attempt in range(ATTEMPTS):
            lease: Any = copy.deepcopy(dict(seen or self.read()))
            seen = None
            edit(lease)
            try:
                if "resourceVersion" in lease["metadata"]:
                    return self.kubectl.replace(lease)
                return self.kubectl.create(lease)
            except ConflictError:
                if attempt + 1 == ATTEMPTS:
                    raise
        raise AssertionError("unreachable")

    def note(self, key: str) -> str:
        """What an annotation says; empty where there is none."""
        return str(notes(self.read()).get(key, ""))

    def write_note(self, key: str, text: str) -> None:
        """Empty text takes the annotation away."""

        def edit(lease: dict[str, Any]) -> None:
            annotations = lease["metadata"].setdefault("annotations", {})
            annotations.pop(key, None)
            if text:
                annotations[key] = text

        self.change(edit)


def notes(lease: Object) -> Mapping[str, str]:
    """The annotations of an object."""
    return lease["metadata"].get("annotations") or {}
