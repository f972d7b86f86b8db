"""What Traefik is told: releases, their weights, and a probe that says which version holds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

PROBE = "X-Delivery-Probe"  # a request with this header is told which version of the file it met
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
            "probe": {
                "rule": f"Path(`/release`) && Header(`{PROBE}`, `1`)",
                "priority": 2,
                "service": "route",
                "middlewares": ["version"],
            },
        },
        "middlewares": {"version": {"headers": {"customResponseHeaders": {VERSION: version}}}},
        "services": services,
    }
