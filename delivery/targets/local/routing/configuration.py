"""What Traefik is told: releases, their weights, and a probe that says which version holds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

PROBE = "X-Delivery-Probe"  # a request with this header is told which version of the file it met
THROUGH, PULSE = "1", "2"  # its values: from a release, or from Traefik alone
VERSION = "X-Delivery-Route"


def configuration(
    weights: Mapping[str, int], addresses: Mapping[str, str]
) -> tuple[Mapping[str, Any], str]:
    """The part `http` of the dynamic configuration, and the version that the probe answers."""
    services = _services(weights, addresses)
    version = hashlib.sha256(json.dumps(services).encode()).hexdigest()[:12]
    return _with_probe(services, version), version


def weights_of(http: Mapping[str, Any]) -> Mapping[str, int]:
    """The weights of a configuration; empty where the route is closed."""
    services = http["services"]["route"].get("weighted", {}).get("services", [])
    return {service["name"]: service["weight"] for service in services}


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
    """Weighted round robin over the releases; a cookie keeps a client with the one it met."""
    services: dict[str, Any] = {
        release: {"loadBalancer": {"servers": _servers(addresses.get(release))}}
        for release in weights
    }
    weighted: dict[str, Any] = {
        "services": [{"name": release, "weight": share} for release, share in weights.items()]
    }
    if len(weights) > 1:
        weighted["sticky"] = {"cookie": {"name": "release", "httpOnly": True, "sameSite": "lax"}}
    closed: dict[str, Any] = {"loadBalancer": {"servers": []}}
    services["route"] = {"weighted": weighted} if weights else closed
    return services


def _servers(address: str | None) -> list[dict[str, str]]:
    return [] if address is None else [{"url": address}]


def _with_probe(services: Mapping[str, Any], version: str) -> dict[str, Any]:
    """Traefik changes all routers of an entry point at once, so what the probe's router says
    about the version is true of every other request as well."""
    return {
        "routers": {
            "clients": {"rule": "PathPrefix(`/`)", "priority": 1, "service": "route"},
            "probe": _probe(THROUGH, "route"),
            "pulse": _probe(PULSE, "nobody"),
        },
        "middlewares": {"version": {"headers": {"customResponseHeaders": {VERSION: version}}}},
        "services": {**services, "nobody": {"loadBalancer": {"servers": []}}},
    }


def _probe(value: str, service: str) -> dict[str, Any]:
    return {
        "rule": f"Path(`/release`) && Header(`{PROBE}`, `{value}`)",
        "priority": 2,
        "service": service,
        "middlewares": ["version"],
    }
