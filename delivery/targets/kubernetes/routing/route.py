"""The HTTPRoute of an environment: who answers clients, and how a release without clients is asked.

    /                           releases, by weight
    /-/<token>/route            the same, for a probe: its answer names the version of the route
    /-/<token>/<release>        one release, for the gates that judge it before it has clients
    /-/<token>/divider          the pods that divide clients, which tell what they do

While clients are divided, the first two lead to those pods: delivery.targets.kubernetes.dividing.

The token is drawn once and stands in the route, which few may read: it keeps clients from a
candidate by accident, and authenticates nobody.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Set
from dataclasses import asdict, dataclass
from typing import Any

from delivery.manifests.objects import Object
from delivery.targets.kubernetes.routing.fence import EPOCH
from delivery.targets.local.routing.configuration import PROBE, THROUGH, VERSION
from delivery.targets.local.routing.requests import STEP
from delivery.targets.split import Split

STATE = "delivery/route"
PORT = 3000
CONTROL = 3001  # of the pods that divide clients
CLOSED = "closed"
DIVIDER = "divider"


@dataclass(frozen=True, slots=True)
class Route:
    """`weights` (percent) over releases; empty is closed. `reached` are those that gates ask, and
    `divider`. `split` says how clients are divided, if they are."""

    weights: Mapping[str, int]
    reached: Set[str]
    token: str
    split: Split | None = None

    @property
    def version(self) -> str:
        """What the probe answers."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:12]

    def path(self, name: str) -> str:
        """Where a release, or `route`, is asked."""
        return f"/-/{self.token}/{name}"

    def to_json(self) -> str:
        content = {
            "weights": dict(self.weights),
            "reached": sorted(self.reached),
            "token": self.token,
            "split": asdict(self.split) if self.split else None,
        }
        return json.dumps(content, sort_keys=True)

    @property
    def says(self) -> Mapping[str, str]:
        """What the answer to a probe has in its head."""
        stamp = {STEP: self.split.stamp} if self.split else {}
        return {VERSION: self.version, **stamp}

    def on(self, base: Object, epoch: int) -> dict[str, Any]:
        """The object, out of what infra/ renders with a closed route."""
        metadata = base["metadata"]
        notes = {**metadata.get("annotations", {}), STATE: self.to_json(), EPOCH: str(epoch)}
        clients = dict(base["spec"]["rules"][0])
        if self.split:
            clients["backendRefs"] = [{"name": DIVIDER, "port": PORT, "weight": 1}]
        elif self.weights:
            clients["backendRefs"] = _backends(self.weights)
        probe = _asked("probe", self.path("route"), clients["backendRefs"], "/release")
        told = {"set": [{"name": VERSION, "value": self.version}]}
        asked = {"set": [{"name": PROBE, "value": THROUGH}]}
        probe["filters"] += [
            {"type": "RequestHeaderModifier", "requestHeaderModifier": asked},
            {"type": "ResponseHeaderModifier", "responseHeaderModifier": told},
        ]
        return {
            **base,
            "metadata": {**metadata, "annotations": notes},
            "spec": {
                **base["spec"],
                "rules": [
                    clients,
                    probe,
                    *(
                        _asked(name, self.path(name), _asked_at(name), "/")
                        for name in sorted(self.reached)
                    ),
                ],
            },
        }


def written(route: Object) -> Route | None:
    """What `delivery` wrote, whatever became of it; None where it never did."""
    text = route["metadata"].get("annotations", {}).get(STATE)
    try:
        content = json.loads(text)
        split = Split(**content["split"]) if content.get("split") else None
        return Route(content["weights"], frozenset(content["reached"]), content["token"], split)
    except (TypeError, ValueError, KeyError):
        return None


def weights_of(route: Object) -> Mapping[str, int]:
    """Release → percent, as the object really says; empty where it leads to nobody."""
    backends: dict[str, int] = {}
    for each in route["spec"]["rules"][0].get("backendRefs", []):
        share = int(each.get("weight", 1))
        if share and each["name"] != CLOSED:
            backends[str(each["name"])] = share
    if backends.keys() == {DIVIDER}:
        mine = written(route)
        return mine.split.weights if mine and mine.split else {}
    whole = sum(backends.values())
    return {name: round(100 * share / whole) for name, share in backends.items()}


def refusals(route: Object) -> str:
    """What the gateway does not take of it, as the rest of a sentence; empty where it takes
    all."""
    conditions = [
        condition
        for parent in route.get("status", {}).get("parents", [])
        for condition in parent.get("conditions", [])
    ]
    bad = [each for each in conditions if each["type"] in ("Accepted", "ResolvedRefs")]
    said = "; ".join(str(each.get("message")) for each in bad if each["status"] == "False")
    return f"is not taken by the gateway: {said}" if said else ""


def _backends(weights: Mapping[str, int]) -> list[dict[str, Any]]:
    return [
        {"name": name, "port": PORT, "weight": share} for name, share in sorted(weights.items())
    ]


def _asked_at(name: str) -> list[dict[str, Any]]:
    return [{"name": name, "port": CONTROL if name == DIVIDER else PORT, "weight": 1}]


def _asked(name: str, path: str, backends: Any, leads_to: str) -> dict[str, Any]:
    """A rule that takes the path away before it leads there."""
    whole = {"type": "ReplacePrefixMatch", "replacePrefixMatch": leads_to}
    return {
        "name": name,
        "matches": [{"path": {"type": "PathPrefix", "value": path}}],
        "filters": [{"type": "URLRewrite", "urlRewrite": {"path": whole}}],
        "backendRefs": backends,
    }
