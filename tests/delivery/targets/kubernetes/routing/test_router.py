"""The route: written whole, waited for, and never over the head of a later writer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from delivery.errors import HeldError, TargetError
from delivery.manifests.objects import PART
from delivery.targets.kubernetes.dividing import lease
from delivery.targets.kubernetes.dividing.dividing import Dividing
from delivery.targets.kubernetes.kubectl import ConflictError
from delivery.targets.kubernetes.routing import router
from delivery.targets.mirror import Mirror
from delivery.targets.protocol import Writer
from delivery.targets.split import Split
from tests.delivery.targets.kubernetes.conftest import Place

ONE, TWO = "r-111111111111", "r-222222222222"
KEY = "HTTPRoute", "model"


@pytest.fixture
def both(place: Place) -> Place:
    for release in (ONE, TWO):
        place.start(release)
    return place


def test_weights_are_written_and_the_gateway_follows(both: Place) -> None:
    for weights in ({ONE: 100}, {ONE: 75, TWO: 25}, {TWO: 100}, {}):
        both.router.set_weights(weights)
        assert both.router.weights() == weights
        assert both.router.problem() == ""


def test_what_does_not_run_gets_no_traffic(both: Place) -> None:
    both.router.set_weights({ONE: 100})
    with pytest.raises(TargetError, match="r-333333333333 does not run in staging"):
        both.router.set_weights({"r-333333333333": 100})
    assert both.router.weights() == {ONE: 100}


@pytest.mark.parametrize("weights", [{ONE: 50}, {ONE: 150, TWO: -50}])
def test_shares_that_are_none_are_refused(both: Place, weights: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="add up to 100"):
        both.router.set_weights(weights)


def test_a_gateway_that_does_not_follow_is_told(
    both: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = {"type": "Accepted", "status": "False", "message": "no such class"}

    def freeze() -> None:
        both.memory.objects[KEY]["status"] = {"parents": [{"conditions": [refused]}]}

    both.router.set_weights({ONE: 100})
    freeze()
    assert both.router.problem() == "is not taken by the gateway: no such class"
    monkeypatch.setattr(router, "FOLLOWS", 0.5)
    object.__setattr__(both.router, "address", "http://127.0.0.1:9")
    with pytest.raises(TargetError, match="the gateway does not follow"):
        both.router.set_weights({TWO: 100})


def test_a_write_in_between_is_seen_and_written_over_by_the_newest(both: Place) -> None:
    """The gateway writes the status of the same object all the time."""
    left = [2]

    def disturb() -> None:
        if left[0] and KEY in both.memory.objects:
            left[0] -= 1
            both.memory.version += 1
            version = str(both.memory.version)
            both.memory.objects[KEY]["metadata"]["resourceVersion"] = version

    both.memory.disturb = disturb
    both.router.set_weights({ONE: 100})
    assert left == [0]
    assert both.router.weights() == {ONE: 100}


def test_a_writer_that_slept_writes_no_more(both: Place) -> None:
    """It read the route, and a rollback took over before it wrote."""
    both.router.set_weights({ONE: 100})
    with both.fence.lock(Writer.DEPLOYMENT):
        other = type(both.fence)("staging", both.fence.record)
        route = both.router.kubectl.get("httproutes.gateway.networking.k8s.io", "model")
        assert route
        with other.lock(Writer.ROLLBACK):
            with pytest.raises(HeldError, match="took staging over"):
                both.router.set_weights({TWO: 100})
            with pytest.raises(ConflictError):
                both.router.kubectl.apply([route])
    assert both.router.weights() == {ONE: 100}


def test_another_hand_is_named_and_mended(both: Place) -> None:
    both.router.set_weights({ONE: 100})
    route = both.memory.objects[KEY]
    route["spec"]["rules"][0]["backendRefs"][0]["name"] = TWO
    fields: dict[str, object] = {"f:spec": {"f:rules": {}}}
    route["metadata"]["managedFields"] = [{"manager": "kubectl-edit", "fieldsV1": fields}]
    said = "was changed by another hand: kubectl-edit changed .spec.rules"
    assert both.router.problem() == said
    assert both.router.weights() == {TWO: 100}  # what clients meet
    both.router.refresh()
    assert both.router.problem() == ""
    assert both.router.weights() == {ONE: 100}


def test_addresses_are_taken_away_with_their_releases(both: Place) -> None:
    assert both.router.addresses().keys() == {ONE, TWO}
    both.router.dismiss({ONE})
    assert both.router.addresses().keys() == {ONE}


def test_clients_are_not_divided(both: Place) -> None:
    assert both.router.split() is None
    assert not both.router.is_watched()
    with pytest.raises(TargetError, match="rollout: at_once"), both.router.watched():
        pass


@pytest.fixture
def dividing(both: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """`both`, with an image that divides clients."""
    monkeypatch.setattr(lease, "BEAT", 0.02)
    whole = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1}
    both.memory.status = lambda _: whole
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "divider", "labels": {PART: "divider"}},
        "spec": {"replicas": 1},
    }
    pods = Dividing(both.memory, lambda: [deployment], Path("/nowhere"))  # type: ignore[arg-type]
    object.__setattr__(both.router, "dividing", pods)
    both.router.set_weights({ONE: 100})
    return both


STEP = Split("a" * 40, 1, ONE, TWO, 5)


def test_clients_are_divided_under_a_lease(dividing: Place) -> None:
    own = dividing.router
    with own.watched() as mine, own.watched() as other:
        own.divide(STEP, mine)
        assert own.split() == STEP
        assert own.weights() == {ONE: 95, TWO: 5}
        assert own.problem() == ""
        assert own.addresses().keys() == {ONE, TWO}
        assert own.is_watched()
        assert (own.is_under(mine), own.is_under(other)) == (True, False)
        own.divide(replace(STEP, step=2, share=25), mine)
        assert own.weights() == {ONE: 75, TWO: 25}
    assert not own.is_watched()


def test_the_pods_that_divide_stay_until_nothing_leads_there(dividing: Place) -> None:
    own = dividing.router
    with own.watched() as mine:
        own.divide(STEP, mine)
        own.dismiss({ONE, TWO})
        assert ("Deployment", "divider") in dividing.memory.objects
        own.set_weights({TWO: 100})
        assert (own.split(), own.weights()) == (None, {TWO: 100})
        assert not own.is_under(mine)
        assert ("Deployment", "divider") in dividing.memory.objects  # requests may be under way
        own.dismiss({TWO})
    assert ("Deployment", "divider") not in dividing.memory.objects


def test_a_stop_ends_them_as_well(dividing: Place) -> None:
    with dividing.router.watched() as mine:
        dividing.router.divide(STEP, mine)
        dividing.router.stop()
    assert dividing.router.weights() == {}
    assert ("Deployment", "divider") not in dividing.memory.objects


def test_another_hand_at_a_divided_route_is_told(dividing: Place) -> None:
    with dividing.router.watched() as mine:
        dividing.router.divide(STEP, mine)
        rule = dividing.memory.objects[KEY]["spec"]["rules"][0]
        rule["backendRefs"] = [{"name": TWO, "port": 3000, "weight": 1}]
        assert dividing.router.weights() == {TWO: 100}
        assert "changed" in dividing.router.problem()


def test_nothing_is_mirrored(dividing: Place) -> None:
    with dividing.router.watched() as mine, pytest.raises(TargetError, match="copies"):
        dividing.router.reflect(Mirror("a" * 40, 1, ONE, TWO, 10), mine)
    assert dividing.router.mirror() is None
