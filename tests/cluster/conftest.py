"""The cluster of these tests: the one that `make test-cluster` names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from tests.cluster import program
from tests.cluster.cluster import Kubectl
from tests.cluster.images import service_image
from tests.cluster.node import PLAN, Node

CHOSEN = "TEST_CLUSTER"  # the kubeconfig; never that of the person who runs `make test`
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
    return Machine(f"http://127.0.0.1:{node.gateway}", service_image(node))


@pytest.fixture
def namespace(kubectl: Kubectl) -> Iterator[str]:
    """The name of a namespace of this test alone, which it makes; removed at the end."""
    name = f"model-test-{uuid4().hex[:8]}"
    yield name
    kubectl("delete", "namespace", name, "--ignore-not-found", "--wait=false")
