"""The cluster of these tests: the one that `make test-cluster` names."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import pytest

from tests.cluster import program
from tests.cluster.cluster import Kubectl
from tests.cluster.containers.images import bring
from tests.cluster.images import service_image
from tests.cluster.node import PLAN, Node
from tests.cluster.place import GONE, Cloud, Rollout, credentials, settle
from tests.delivery.place import judgement
from tests.origin import Origin, make_origin

CHOSEN = "TEST_CLUSTER"  # the kubeconfig; never that of the person who runs `make test`
NODE = "NODE"  # set: pods are containers
THOROUGH = "THOROUGH"  # set: the tests that take longer as well
GATEWAY = "sigs.k8s.io/gateway-api"


@pytest.fixture(scope="session")
def kubectl() -> Kubectl:
    """kubectl with the rights of an administrator, where the API of gateways is known."""
    named = os.environ.get(CHOSEN)
    if not named:
        pytest.skip("needs a cluster: `make test-cluster` brings one up")
    made = Kubectl(Path(named))
    if made.try_to("get", "crd", "httproutes.gateway.networking.k8s.io").returncode:
        made("apply", "--server-side", "-f", str(program.module(GATEWAY) / "config/crd/standard"))
        made("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    return made


@dataclass(frozen=True)
class Machine:
    """Where pods run: `url` leads to the gateway, and `image` is tests/cluster/fake_service.py."""

    url: str
    image: str


@pytest.fixture(scope="session")
def machine(kubectl: Kubectl) -> Machine:
    """The node beside the API server."""
    folder = kubectl.kubeconfig.parent
    if not (folder / PLAN).exists():
        pytest.skip("needs a node: `make test-cluster` as root brings one up")
    node = Node.read(folder)
    image = bring(node) if node.kubelet else service_image(node)
    return Machine(f"http://127.0.0.1:{node.gateway}", image)


@pytest.fixture(scope="module")
def processes() -> None:
    """Pods are processes: a node of containers has no image of `delivery`, nor room for many."""
    if os.environ.get(NODE):
        pytest.skip("needs pods that are processes: `make test-cluster` without NODE=1")


@pytest.fixture
def thorough() -> None:
    """What takes a minute more, and is tried on request."""
    if not os.environ.get(THOROUGH):
        pytest.skip("takes longer: `make test-cluster THOROUGH=1`")


@pytest.fixture
def namespace(kubectl: Kubectl) -> Iterator[str]:
    """The name of a namespace of this test alone, which it makes; removed at the end."""
    name = f"model-test-{uuid4().hex[:8]}"
    yield name
    kubectl("delete", "namespace", name, "--ignore-not-found", "--wait=false")


@pytest.fixture(scope="module")
def origin(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Origin:
    missing = f"{machine.image.partition('@')[0]}@sha256:{'f' * 64}"
    made = make_origin(tmp_path_factory.mktemp("target"), machine.image)
    return replace(made, images={GONE: missing})


@pytest.fixture(scope="module")
def rollout() -> Rollout:
    """How the environment rolls out: all clients at once. A module may say otherwise."""
    return None


@pytest.fixture(scope="module")
def cloud(
    kubectl: Kubectl,
    machine: Machine,
    origin: Origin,
    rollout: Rollout,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Cloud]:
    """An environment where nothing runs yet. The tests of this module go on from each other."""
    namespace = f"model-test-{uuid4().hex[:8]}"
    made = settle(origin, kubectl, namespace, machine.url, rollout)
    own = credentials(kubectl, namespace, tmp_path_factory.mktemp("own") / "kubeconfig")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", str(own))
        patch.setattr("delivery.deployment.active.judge_live", judgement("pass"))
        yield made
    kubectl("delete", "namespace", namespace, "--wait=false")


@pytest.fixture
def admin(kubectl: Kubectl, cloud: Cloud) -> Callable[..., str]:
    """kubectl of a person, in that namespace."""
    namespace = cloud.place.runtime.fence.kubectl.namespace  # type: ignore[attr-defined]
    return lambda *arguments, text="": kubectl("-n", namespace, *arguments, text=text)
