"""The manifests of infra/ on a real API server: it takes them, runs them and keeps their limits."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from delivery.manifests.objects import Manifests, Object
from delivery.manifests.render import render, stand_in
from delivery.settings.policy import read_settings
from delivery.state.desired import ReleaseRef
from tests.checkout import ROOT
from tests.cluster.cluster import Kubectl

RELEASE = stand_in()
OTHER = ReleaseRef("r-111111111111", "1" * 64, RELEASE.image)
SETTINGS = read_settings(ROOT)
MANAGER = "--field-manager=delivery"
POLL, PATIENCE = 0.2, 30.0  # s


def moved(objects: Sequence[Object], namespace: str) -> str:
    """The objects in another namespace, as one list."""

    def move(found: Any, place: str) -> Any:
        if isinstance(found, Mapping):
            return {key: move(value, place) for key, value in found.items()}
        if isinstance(found, list):
            return [move(each, place) for each in found]
        return namespace if found == place else found

    places = {each["metadata"].get("namespace") for each in objects} - {None}
    items = [move(each, place) for place in places for each in objects]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def rendered(release: ReleaseRef = RELEASE, environment: str = "staging") -> Manifests:
    return render(ROOT, environment, release, SETTINGS.serving)


def set_up(kubectl: Kubectl, namespace: str) -> str:
    """An environment there, as a person with more rights does it."""
    objects = moved(rendered().environment, namespace)
    kubectl("apply", "--server-side", "--validate=strict", "-f", "-", text=objects)
    return namespace


@pytest.fixture
def environment(kubectl: Kubectl, namespace: str) -> str:
    """The namespace of one."""
    return set_up(kubectl, namespace)


@pytest.fixture
def other(kubectl: Kubectl, namespace: str) -> Iterator[str]:
    """The namespace of another one in the same cluster."""
    name = f"{namespace}-other"
    yield set_up(kubectl, name)
    kubectl("delete", "namespace", name, "--ignore-not-found", "--wait=false")


def rights(kubectl: Kubectl, environment: str) -> Callable[..., Any]:
    """kubectl with the rights of `delivery` in that environment."""
    account = f"system:serviceaccount:{environment}:delivery"

    def ask(*arguments: str, text: str = "") -> Any:
        return kubectl.try_to(f"--as={account}", "-n", environment, *arguments, text=text)

    return ask


@pytest.fixture
def delivery(kubectl: Kubectl, environment: str) -> Callable[..., Any]:
    return rights(kubectl, environment)


def apply(delivery: Callable[..., Any], environment: str, objects: Sequence[Object]) -> Any:
    text = moved(objects, environment)
    given = ("--server-side", "--validate=strict", MANAGER, "-n", environment, "-f", "-")
    return delivery("apply", *given, text=text)


def eventually(found: Callable[[], Any]) -> Any:
    """What is found in the end."""
    deadline = time.monotonic() + PATIENCE
    while not (value := found()) and time.monotonic() < deadline:
        time.sleep(POLL)
    return value


@pytest.mark.parametrize("name", list(SETTINGS.environments))
@pytest.mark.parametrize("release", [RELEASE, ReleaseRef()], ids=["release", "none"])
def test_every_environment_is_taken(
    kubectl: Kubectl, environment: str, name: str, release: ReleaseRef
) -> None:
    """Asked in a namespace that is there, since a dry run makes none."""
    text = moved(rendered(release, name).all, environment)
    options = ("--server-side", "--dry-run=server", "--validate=strict", "--force-conflicts")
    lines = kubectl("apply", *options, "-f", "-", text=text).splitlines()
    assert len(lines) == len(rendered(release, name).all)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("maxReplicas", "maxReplica"),  # kustomize renders it, and a cluster drops it
        ('"averageUtilization": 65', '"averageUtilization": "much"'),
        ('"weight": 1', '"weight": -1'),
        ('"mode": "Terminate"', '"mode": "Hope"'),
    ],
)
def test_what_kubernetes_does_not_know_is_refused(
    kubectl: Kubectl, environment: str, old: str, new: str
) -> None:
    text = moved(rendered().all, environment)
    assert old in text
    options = ("--server-side", "--dry-run=server", "--validate=strict", "--force-conflicts")
    done = kubectl.try_to("apply", *options, "-f", "-", text=text.replace(old, new))
    assert done.returncode


def test_delivery_starts_a_release_beside_another(
    kubectl: Kubectl, environment: str, delivery: Callable[..., Any]
) -> None:
    """With its own rights; the pods pass the pod security and the quota."""
    for release in (RELEASE, OTHER):
        done = apply(delivery, environment, rendered(release).release)
        assert done.returncode == 0, done.stderr
    names = {RELEASE.release, OTHER.release}

    def pods() -> set[str]:
        found = json.loads(kubectl("get", "pods", "-n", environment, "-o", "json"))["items"]
        return {each["metadata"]["labels"]["delivery/release"] for each in found}

    assert eventually(lambda: pods() == names)
    assert delivery("delete", "deployment", OTHER.release, "--wait=true").returncode == 0
    assert eventually(lambda: pods() == {RELEASE.release})


def test_a_pod_with_more_rights_is_not_let_in(kubectl: Kubectl, environment: str) -> None:
    pod = ("run", "bad", "--image=x", "--privileged", "-n", environment)
    refused = kubectl.try_to(*pod)
    assert "violates PodSecurity" in refused.stderr


def test_the_quota_keeps_load_balancers_out(kubectl: Kubectl, environment: str) -> None:
    refused = kubectl.try_to(
        "create", "service", "loadbalancer", "x", "--tcp=80", "-n", environment
    )
    assert "exceeded quota" in refused.stderr


def test_a_floor_of_another_hand_stays_when_the_release_is_applied_again(
    kubectl: Kubectl, environment: str, delivery: Callable[..., Any]
) -> None:
    """The manifests have no minReplicas, so that whoever sets it owns it."""
    objects = rendered().release
    assert apply(delivery, environment, objects).returncode == 0
    (scaler,) = (each for each in objects if each["kind"] == "HorizontalPodAutoscaler")
    floor = {
        "apiVersion": scaler["apiVersion"],
        "kind": scaler["kind"],
        "metadata": {"name": RELEASE.release, "namespace": environment},
        "spec": {"minReplicas": 3},
    }
    set_floor = ("apply", "--server-side", "--field-manager=delivery-scale", "-f", "-")
    assert delivery(*set_floor, text=json.dumps(floor)).returncode == 0
    assert apply(delivery, environment, objects).returncode == 0
    path = "jsonpath={.spec.minReplicas}"
    assert kubectl("get", "hpa", RELEASE.release, "-n", environment, "-o", path) == "3"


def test_another_hand_at_the_weights_is_a_conflict(
    kubectl: Kubectl, environment: str, delivery: Callable[..., Any]
) -> None:
    route = rendered().route
    assert apply(delivery, environment, [route]).returncode == 0
    other = moved([route], environment).replace('"weight": 1', '"weight": 2')
    by_hand = ("apply", "--server-side", "--field-manager=somebody", "-f", "-")
    refused = kubectl.try_to(*by_hand, text=other)
    assert 'conflicts with "delivery"' in refused.stderr


MAY = [
    *((verb, kind) for verb in ("get", "list", "watch", "create", "patch", "delete")
      for kind in ("deployments.apps", "services", "horizontalpodautoscalers.autoscaling",
                   "poddisruptionbudgets.policy")),
    *((verb, "httproutes.gateway.networking.k8s.io")
      for verb in ("get", "list", "watch", "create", "patch", "update")),
    *((verb, "leases.coordination.k8s.io") for verb in ("get", "create", "update")),
    *(("get", kind) for kind in ("pods", "pods/log", "events", "resourcequotas")),
]  # fmt: skip
MAY_NOT = [
    *((verb, "secrets") for verb in ("get", "list", "create", "delete")),
    *(("create", kind) for kind in ("pods", "pods/exec", "pods/attach", "pods/portforward",
                                    "pods/eviction", "serviceaccounts/token", "jobs.batch",
                                    "configmaps", "namespaces")),
    *((verb, kind) for verb in ("create", "update", "patch", "delete")
      for kind in ("roles.rbac.authorization.k8s.io", "rolebindings.rbac.authorization.k8s.io",
                   "networkpolicies.networking.k8s.io", "resourcequotas", "serviceaccounts",
                   "gateways.gateway.networking.k8s.io")),
    ("delete", "httproutes.gateway.networking.k8s.io"),
    ("delete", "leases.coordination.k8s.io"),
    ("deletecollection", "deployments.apps"),
    ("get", "nodes"),
]  # fmt: skip


def answers(
    kubectl: Kubectl, account: str, place: str, asked: Sequence[tuple[str, str]]
) -> set[Any]:
    """Which of these the account of one namespace may do in another: all in one go."""
    allowed = set()
    for verb, kind in asked:
        resource, _, sub = kind.partition("/")
        options = [f"--as={account}", "-n", place, *([f"--subresource={sub}"] if sub else [])]
        done = kubectl.try_to("auth", "can-i", verb, resource, *options)
        if done.stdout.strip() == "yes":
            allowed.add((verb, kind))
    return allowed


def test_delivery_may_do_what_it_must_and_nothing_else(kubectl: Kubectl, environment: str) -> None:
    account = f"system:serviceaccount:{environment}:delivery"
    assert answers(kubectl, account, environment, [*MAY, *MAY_NOT]) == set(MAY)


def test_delivery_may_nothing_in_another_namespace(kubectl: Kubectl, environment: str) -> None:
    account = f"system:serviceaccount:{environment}:delivery"
    assert answers(kubectl, account, "default", MAY) == set()


def test_two_environments_in_one_cluster_stay_apart(
    kubectl: Kubectl, environment: str, other: str, delivery: Callable[..., Any]
) -> None:
    """The same release in both: one `delivery` neither sees nor changes what the other has."""
    theirs = rights(kubectl, other)
    for ask, place in ((delivery, environment), (theirs, other)):
        assert apply(ask, place, rendered().release).returncode == 0
    account = f"system:serviceaccount:{environment}:delivery"
    assert answers(kubectl, account, other, MAY) == set()
    assert "forbidden" in apply(delivery, other, rendered().release).stderr
    assert "forbidden" in delivery("get", "deployments", "--all-namespaces").stderr
    release = f"delivery/release={RELEASE.release}"
    assert delivery("delete", "deployment", RELEASE.release).returncode == 0
    assert delivery("get", "deployment", "-l", release, "-o", "name").stdout == ""
    assert theirs("get", "deployment", "-l", release, "-o", "name").stdout
    full = (
        "patch",
        "resourcequota",
        "model",
        "--type=merge",
        "-p",
        '{"spec":{"hard":{"pods":"0"}}}',
    )
    kubectl(*full, "-n", environment)
    quota = "jsonpath={.spec.hard.pods}"
    assert kubectl("get", "resourcequota", "model", "-n", other, "-o", quota) == "40"


def test_the_account_of_the_model_may_nothing(kubectl: Kubectl, environment: str) -> None:
    account = f"system:serviceaccount:{environment}:model"
    assert answers(kubectl, account, environment, MAY) == set()
