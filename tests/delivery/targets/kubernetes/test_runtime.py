"""Releases of a namespace: started, kept as they were applied, retired."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from delivery.bento.bento import Bento
from delivery.errors import HeldError, InputError, TargetError
from delivery.manifests.objects import RELEASE, Object
from delivery.state.desired import ReleaseRef
from tests.delivery.targets.kubernetes.conftest import IMAGE, Place
from tests.delivery.targets.kubernetes.memory import READY

ONE, TWO = "r-111111111111", "r-222222222222"
KINDS = {"Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget"}


def kinds(place: Place, release: str) -> set[str]:
    return {kind for kind, name in place.memory.objects if name == release}


def test_a_release_is_started_beside_another_and_gets_an_address_without_clients(
    place: Place,
) -> None:
    url = place.start(ONE)
    assert kinds(place, ONE) == KINDS
    assert url.endswith(f"/{ONE}")
    assert place.router.weights() == {}
    place.router.set_weights({ONE: 100})
    place.start(TWO)
    assert place.router.weights() == {ONE: 100}
    assert {name: i.problem for name, i in place.runtime.instances().items()} == {ONE: "", TWO: ""}
    assert place.start(ONE) == url


def test_without_an_image_nothing_is_applied(place: Place) -> None:
    with pytest.raises(InputError, match=f"{ONE} has no image"):
        place.runtime.start(Bento(ONE, Path()))
    assert kinds(place, ONE) == set()


def test_where_gates_would_be_turned_away_nothing_is_started(place: Place) -> None:
    closed = place.runtime.settings.model_copy(update={"auth": "keys"})
    object.__setattr__(place.runtime, "settings", closed)
    with pytest.raises(InputError, match="the gates have no key"):
        place.start(ONE)
    assert kinds(place, ONE) == set()


def test_it_runs_the_image_that_is_wanted_now_and_no_other(place: Place) -> None:
    place.start(ONE)
    other = IMAGE.replace("1" * 64, "2" * 64)
    place.start(ONE, other)
    deployment = place.memory.objects["Deployment", ONE]
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == other
    with pytest.raises(InputError, match=f"{ONE} has no image"):
        place.start(ONE, "none")


def test_what_runs_is_mended_to_what_was_applied_and_not_to_what_is_rendered_now(
    place: Place,
) -> None:
    place.start(ONE)
    object.__setattr__(place.runtime, "render", lambda _: pytest.fail("rendered again"))
    del place.memory.objects["Service", ONE]
    assert place.runtime.instances()[ONE].problem == "has lost its Service"
    place.start(ONE)
    assert kinds(place, ONE) == KINDS
    assert place.runtime.instances()[ONE].problem == ""


def test_what_a_component_gives_a_release_is_watched_mended_and_retired_with_it(
    place: Place,
) -> None:
    """Also while another release has none of it."""
    place.start(TWO)
    plain, labels = place.runtime.render, {"app.kubernetes.io/name": "model"}

    def scaled(release: ReleaseRef) -> Sequence[Object]:
        metadata = {"name": release.release, "labels": {**labels, RELEASE: release.release}}
        added = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": metadata}
        return [*plain(release), added]

    object.__setattr__(place.runtime, "render", scaled)
    place.start(ONE)
    assert kinds(place, ONE) == {*KINDS, "ScaledObject"}
    assert place.runtime.instances()[ONE].problem == ""
    del place.memory.objects["ScaledObject", ONE]
    assert place.runtime.instances()[ONE].problem == "has lost its ScaledObject"
    place.start(ONE)
    place.runtime.retire({TWO})
    assert (kinds(place, ONE), kinds(place, TWO)) == (set(), KINDS)


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        ({"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"},
         HeldError, "exceeded quota"),
        ({"type": "Progressing", "status": "False", "message": "too late"},
         TargetError, "too late"),
    ],
)  # fmt: skip
def test_what_does_not_get_ready_is_told_in_the_words_of_the_cluster(
    place: Place, status: object, error: type[Exception], said: str
) -> None:
    place.memory.status = lambda _: {"conditions": [status]}
    with pytest.raises(error, match=said):
        place.start(ONE)
    assert said in place.runtime.instances()[ONE].problem


def test_a_container_that_waits_in_vain_ends_the_start(place: Place) -> None:
    place.memory.status = lambda _: {}
    labels = {"app.kubernetes.io/name": "model", "delivery/release": ONE}
    waiting = {"state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}}
    place.memory.objects["Pod", "x"] = {
        "kind": "Pod",
        "metadata": {"name": "x", "labels": labels},
        "status": {"containerStatuses": [waiting]},
    }
    with pytest.raises(TargetError, match="ImagePullBackOff: no such image"):
        place.start(ONE)


def test_what_has_no_traffic_is_retired_and_the_rest_is_settled(place: Place) -> None:
    for release in (ONE, TWO):
        place.start(release)
    place.router.set_weights({ONE: 100})
    with pytest.raises(ValueError, match=f"{ONE} still has traffic"):
        place.runtime.retire({TWO})
    place.runtime.retire({ONE, TWO})
    assert place.runtime.settled() == {ONE, TWO}
    place.router.set_weights({TWO: 100})  # a rollback: what it left is kept no more
    assert place.runtime.settled() == {TWO}
    place.runtime.retire({TWO})
    assert kinds(place, ONE) == set()
    assert place.router.addresses().keys() == {TWO}


def test_stop_leaves_nothing_of_a_release(place: Place) -> None:
    place.start(ONE)
    place.router.set_weights({ONE: 100})
    place.router.stop()
    place.runtime.stop()
    assert kinds(place, ONE) == set()
    assert place.router.weights() == {}


def test_a_pod_that_is_gone_is_a_problem_of_one_that_is_alive(place: Place) -> None:
    place.start(ONE)
    place.memory.objects["Deployment", ONE]["spec"]["replicas"] = 2
    place.memory.objects["Deployment", ONE]["status"] = READY | {"replicas": 2}
    instance = place.runtime.instances()[ONE]
    assert instance.alive
    assert instance.problem == "is not whole (1 of 2 pods ready)"


def test_what_another_hand_took_away_is_told_beside_what_came_of_it(place: Place) -> None:
    place.start(ONE)
    del place.memory.objects["PodDisruptionBudget", ONE]
    place.memory.objects["Deployment", ONE]["spec"]["replicas"] = 2
    problem = place.runtime.instances()[ONE].problem
    assert problem == "has lost its PodDisruptionBudget; is not whole (1 of 2 pods ready)"
