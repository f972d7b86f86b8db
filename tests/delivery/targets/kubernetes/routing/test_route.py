"""The object of a route: what it says, and what is read back from it."""

from __future__ import annotations

from delivery.manifests.objects import Manifests
from delivery.targets.kubernetes.routing.route import (
    STATE,
    Route,
    refusals,
    weights_of,
    written,
)

ONE, TWO = "r-111111111111", "r-222222222222"
ROUTE = Route({ONE: 75, TWO: 25}, frozenset({TWO}), "secret")


def test_it_is_read_back(manifests: Manifests) -> None:
    made = ROUTE.on(manifests.route, 7)
    assert written(made) == ROUTE
    assert weights_of(made) == {ONE: 75, TWO: 25}
    assert made["metadata"]["annotations"]["delivery/epoch"] == "7"
    assert made["spec"]["parentRefs"] == manifests.route["spec"]["parentRefs"]


def test_each_route_has_its_version(manifests: Manifests) -> None:
    others = Route({ONE: 100}, ROUTE.reached, "secret"), Route(ROUTE.weights, frozenset(), "secret")
    assert len({ROUTE.version, *(other.version for other in others)}) == 3


def test_closed_it_leads_where_nobody_is(manifests: Manifests) -> None:
    closed = Route({}, frozenset(), "secret").on(manifests.route, 1)
    assert weights_of(closed) == {}
    assert closed["spec"]["rules"][0] == manifests.route["spec"]["rules"][0]


def test_weights_of_another_hand_are_percent_as_well(manifests: Manifests) -> None:
    made = ROUTE.on(manifests.route, 1)
    made["spec"]["rules"][0]["backendRefs"] = [
        {"name": ONE, "port": 3000, "weight": 3},
        {"name": TWO, "port": 3000, "weight": 1},
        {"name": "closed", "port": 3000},
    ]
    assert weights_of(made) == {ONE: 75, TWO: 25}


def test_what_delivery_never_wrote_says_so(manifests: Manifests) -> None:
    assert written(manifests.route) is None
    made = ROUTE.on(manifests.route, 1)
    made["metadata"]["annotations"][STATE] = "{"
    assert written(made) is None


def test_a_gateway_says_what_it_does_not_take() -> None:
    conditions = [
        {"type": "Accepted", "status": "True", "message": "well"},
        {"type": "ResolvedRefs", "status": "False", "message": "no service"},
    ]
    status = {"parents": [{"conditions": conditions}]}
    assert refusals({"status": status}) == "is not taken by the gateway: no service"
    assert refusals({}) == ""
