"""What Traefik in a pod is told: whom each client meets, and at which addresses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from delivery.targets.kubernetes.routing.route import PORT
from delivery.targets.local.routing.configuration import CANARY, Rollout, configuration
from delivery.targets.local.routing.requests import STEP
from delivery.targets.split import Split


def divided(
    split: Split, addresses: Mapping[str, Sequence[str]], *, watched: bool
) -> Mapping[str, Any]:
    """The dynamic configuration. Where nobody watches, the champion has the candidate's clients.
    The answer to a probe carries the stamp of the step."""
    content, _ = configuration(split.weights, {}, Rollout(split, 0))
    services = {name: each for name, each in content["services"].items() if name != CANARY}
    for release in split.weights:
        servers = [{"url": f"http://{_host(ip)}:{PORT}"} for ip in addresses.get(release, ())]
        services[release] = {"loadBalancer": {"servers": servers}}
    routers = {name: dict(each) for name, each in content["routers"].items()}
    routers[CANARY]["service"] = split.candidate if watched else split.champion
    routers["probe"]["service"] = split.champion
    told = {"headers": {"customResponseHeaders": {STEP: split.stamp}}}  # the gateway has its own
    middlewares = {**content["middlewares"], "version": told}
    return {
        "http": {"routers": routers, "middlewares": middlewares, "services": services},
    }


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address
