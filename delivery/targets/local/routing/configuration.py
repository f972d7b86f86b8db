"""What Traefik is told: releases, their weights, and a probe that says which version holds.

While a candidate has a share, each request first passes a middleware that puts its client into a
slot and stamps it; the candidate's slots lead to the candidate as long as its lease is renewed,
and to the champion otherwise. Those requests alone are written down.

A mirror leaves clients where they are: delivery.targets.local.routing.mirroring.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from delivery.targets.local.routing.lease import checked
from delivery.targets.local.routing.mirroring import (
    SERVICE,
    Reflection,
    header_of,
    reflection_of,
    router,
    services_of,
)
from delivery.targets.local.routing.requests import SLOT
from delivery.targets.split import Split

PROBE = "X-Delivery-Probe"  # a request with this header is told which version of the file it met
THROUGH, PULSE = "1", "2"  # its values: from a release, or from Traefik alone
VERSION = "X-Delivery-Route"
HOLDER = "X-Delivery-Holder"  # the champion, in answers of a divided route
PLUGIN = "slots"
CANARY = "canary"  # the router and the service that lead to the candidate under its lease


@dataclass(frozen=True, slots=True)
class Rollout:
    """A division of the traffic, and the port of 127.0.0.1 where its watcher renews the lease."""

    split: Split
    lease: int


Plan = Rollout | Reflection


def configuration(
    weights: Mapping[str, int], addresses: Mapping[str, str], plan: Plan | None = None
) -> tuple[Mapping[str, Any], str]:
    """The part `http` of the dynamic configuration, and the version that the probe answers."""
    services = _services(weights, addresses)
    routers, extra, plugins = _plain(), {}, {}
    if isinstance(plan, Rollout):
        services |= _under_lease(services[plan.split.candidate], plan)
        routers, extra = _divided(plan.split), {HOLDER: plan.split.champion}
        plugins = {PLUGIN: {"plugin": {PLUGIN: asdict(plan.split)}}}
    elif plan:
        services |= services_of(plan, addresses.get(plan.mirror.candidate))
        routers |= {SERVICE: {**router(), **_unwritten()}}
        extra = dict(header_of(plan.mirror))
    content = json.dumps([services, asdict(plan)] if plan else services)
    version = hashlib.sha256(content.encode()).hexdigest()[:12]
    headers = {"headers": {"customResponseHeaders": {VERSION: version, **extra}}}
    return {
        "routers": {**routers, "pulse": {**_probe(PULSE, "nobody"), **_unwritten()}},
        "middlewares": {"version": headers, **plugins},
        "services": {**services, "nobody": {"loadBalancer": {"servers": []}}},
    }, version


def weights_of(http: Mapping[str, Any]) -> Mapping[str, int]:
    """The weights of a configuration; empty where the route is closed."""
    services = http["services"]["route"].get("weighted", {}).get("services", [])
    return {service["name"]: service["weight"] for service in services}


def plan_of(http: Mapping[str, Any]) -> Plan | None:
    """How the traffic is divided or mirrored; None where it is neither."""
    if PLUGIN not in http.get("middlewares", {}):
        return reflection_of(http)
    split = Split(**http["middlewares"][PLUGIN]["plugin"][PLUGIN])
    candidate = http["services"][split.candidate]["loadBalancer"]
    return Rollout(split, int(candidate["healthCheck"]["port"]))


def version_of(http: Mapping[str, Any]) -> str:
    """What Traefik alone answers that keeps to a configuration; empty for one without a pulse."""
    if "pulse" not in http["routers"]:
        return ""
    return str(http["middlewares"]["version"]["headers"]["customResponseHeaders"][VERSION])


def addresses_of(http: Mapping[str, Any]) -> Mapping[str, str]:
    """Release → where a configuration leads its share; empty where to nobody."""
    return {
        release: "".join(
            server["url"] for server in http["services"][release]["loadBalancer"]["servers"]
        )
        for release in weights_of(http)
    }


def _services(weights: Mapping[str, int], addresses: Mapping[str, str]) -> dict[str, Any]:
    """Weighted round robin over the releases."""
    services: dict[str, Any] = {
        release: {"loadBalancer": {"servers": _servers(addresses.get(release))}}
        for release in weights
    }
    weighted = {
        "services": [{"name": release, "weight": share} for release, share in weights.items()]
    }
    closed: dict[str, Any] = {"loadBalancer": {"servers": []}}
    services["route"] = {"weighted": weighted} if weights else closed
    return services


def _under_lease(candidate: Mapping[str, Any], rollout: Rollout) -> dict[str, Any]:
    """The candidate is led to while its watcher answers, and then the champion."""
    check = checked(rollout.lease)
    leased = {"loadBalancer": {**candidate["loadBalancer"], "healthCheck": check}}
    split = rollout.split
    return {
        split.candidate: leased,
        CANARY: {"failover": {"service": split.candidate, "fallback": split.champion}},
    }


def _servers(address: str | None) -> list[dict[str, str]]:
    return [] if address is None else [{"url": address}]


def _plain() -> dict[str, Any]:
    """Traefik changes all routers of an entry point at once, so what the probe's router says
    about the version is true of every other request as well."""
    clients = {"rule": "PathPrefix(`/`)", "priority": 1, "service": "route"}
    return {
        "clients": {**clients, **_unwritten()},
        "probe": {**_probe(THROUGH, "route"), **_unwritten()},
    }


def _divided(split: Split) -> dict[str, Any]:
    """The probe goes where clients go: it fails where the middleware does."""
    slots = "|".join(str(slot) for slot in sorted(split.slots))
    below = {"parentRefs": ["clients"]}
    canary = {"rule": f"HeaderRegexp(`{SLOT}`, `^({slots})$`)", "priority": 2, "service": CANARY}
    champion = {"rule": "PathPrefix(`/`)", "priority": 1, "service": split.champion}
    return {
        "clients": {
            "rule": "PathPrefix(`/`)",
            "priority": 1,
            "middlewares": [PLUGIN],
            "observability": {"accessLogs": True},
        },
        CANARY: {**canary, **below},
        "champion": {**champion, **below},
        "probe": {**_probe(THROUGH, "route"), **below, "priority": 3},
    }


def _probe(value: str, service: str) -> dict[str, Any]:
    return {
        "rule": f"Path(`/release`) && Header(`{PROBE}`, `{value}`)",
        "priority": 2,
        "service": service,
        "middlewares": ["version"],
    }


def _unwritten() -> dict[str, Any]:
    return {"observability": {"accessLogs": False}}
