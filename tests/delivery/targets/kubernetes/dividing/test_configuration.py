"""The configuration of Traefik; test_divider.py has one that runs."""

from __future__ import annotations

from delivery.targets.kubernetes.dividing.configuration import divided
from delivery.targets.split import Split

ONE, TWO = "r-111111111111", "r-222222222222"
SPLIT = Split("a" * 40, 2, ONE, TWO, 25)
ADDRESSES = {ONE: ["10.0.0.1", "fd00::1"], TWO: ["10.0.0.2"]}


def test_every_pod_of_a_release_is_one_server() -> None:
    http = divided(SPLIT, ADDRESSES, watched=True)["http"]
    servers = {name: http["services"][name]["loadBalancer"]["servers"] for name in (ONE, TWO)}
    assert servers == {
        ONE: [{"url": "http://10.0.0.1:3000"}, {"url": "http://[fd00::1]:3000"}],
        TWO: [{"url": "http://10.0.0.2:3000"}],
    }


def test_where_nobody_watches_no_router_leads_to_the_candidate() -> None:
    for watched, leads_to in ((True, TWO), (False, ONE)):
        routers = divided(SPLIT, ADDRESSES, watched=watched)["http"]["routers"]
        assert routers["canary"]["service"] == leads_to
        assert TWO not in {each["service"] for name, each in routers.items() if name != "canary"
                           and "service" in each}  # fmt: skip


def test_a_probe_is_told_the_step() -> None:
    middlewares = divided(SPLIT, {}, watched=True)["http"]["middlewares"]
    headers = middlewares["version"]["headers"]["customResponseHeaders"]
    assert headers["X-Delivery-Step"] == SPLIT.stamp
