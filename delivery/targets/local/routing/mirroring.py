"""What Traefik is told of a mirror: which requests are copied, to whom, and for how long.

Traefik sends the copy once the champion has answered, and throws its answer away. It keeps the
bodies in memory meanwhile, so larger ones are not copied.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from delivery.targets.local.routing.lease import checked
from delivery.targets.mirror import Mirror

MIRROR = "X-Delivery-Shadow"  # answers a probe: of which attempt, and its number
SERVICE = "mirrored"
BODY = 1024 * 1024  # bytes
# Predictions of every protocol, and nothing else: neither feedback nor what somebody adds later.
PREDICTIONS = (
    "^/(predict|invocations|endpoints/[^/]+/invocations|predictions/.+"
    "|v1/models/.+:predict|v2/models/.+/infer)$"
)


@dataclass(frozen=True, slots=True)
class Reflection:
    """A mirror, and the port of 127.0.0.1 where its watcher renews the lease."""

    mirror: Mirror
    lease: int


def services_of(reflection: Reflection, address: str | None) -> dict[str, Any]:
    """The candidate, which is led to while its watcher answers, and the mirror before it."""
    mirror = reflection.mirror
    servers = [] if address is None else [{"url": address}]
    copies = [{"name": mirror.candidate, "percent": mirror.share}]
    return {
        mirror.candidate: {
            "loadBalancer": {"servers": servers, "healthCheck": checked(reflection.lease)}
        },
        SERVICE: {"mirroring": {"service": "route", "maxBodySize": BODY, "mirrors": copies}},
    }


def router() -> Mapping[str, Any]:
    """The requests that are copied."""
    rule = f"Method(`POST`) && PathRegexp(`{PREDICTIONS}`)"
    return {"rule": rule, "priority": 2, "service": SERVICE}


def header_of(mirror: Mirror) -> Mapping[str, str]:
    """What a configuration says of the attempt."""
    return {MIRROR: f"{mirror.attempt}.{mirror.number}"}


def reflection_of(http: Mapping[str, Any]) -> Reflection | None:
    """What a configuration says; None where nothing is mirrored."""
    if SERVICE not in http["services"]:
        return None
    (copy,) = http["services"][SERVICE]["mirroring"]["mirrors"]
    (champion,) = http["services"]["route"]["weighted"]["services"]
    header = http["middlewares"]["version"]["headers"]["customResponseHeaders"][MIRROR]
    attempt, _, number = header.partition(".")
    candidate = http["services"][copy["name"]]["loadBalancer"]
    mirror = Mirror(attempt, int(number), champion["name"], copy["name"], int(copy["percent"]))
    return Reflection(mirror, int(candidate["healthCheck"]["port"]))
