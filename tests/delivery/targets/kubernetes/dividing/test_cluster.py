"""What is asked of the API server, and what is made of the answers."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from delivery.targets.kubernetes.dividing.cluster import SERVICE, Cluster

ONE, TWO = "r-111111111111", "r-222222222222"


def slice_of(release: str, **ready: bool) -> dict[str, object]:
    endpoints = [
        {"addresses": [f"10.0.0.{name[1:]}"], "conditions": {"ready": value}}
        for name, value in ready.items()
    ]
    return {"metadata": {"labels": {SERVICE: release}}, "endpoints": endpoints}


@pytest.fixture
def asked() -> list[httpx.Request]:
    return []


@pytest.fixture
def cluster(asked: list[httpx.Request], tmp_path: Path) -> Cluster:
    items = [slice_of(ONE, n1=True, n2=False), slice_of(ONE, n3=True), {"metadata": {}}]
    items[2] = {**slice_of(TWO), "endpoints": None}

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if request.url.path.endswith("/endpointslices"):
            return httpx.Response(200, json={"items": items})
        return httpx.Response(404 if "gone" in request.url.path else 200, json={"spec": {}})

    (tmp_path / "token").write_text("secret\n")
    client = httpx.Client(base_url="https://cluster", transport=httpx.MockTransport(answer))
    return Cluster(client, tmp_path, "model-staging")


def test_pods_that_are_not_ready_are_left_out(cluster: Cluster, asked: list[httpx.Request]) -> None:
    assert cluster.addresses([TWO, ONE]) == {ONE: ["10.0.0.1", "10.0.0.3"], TWO: []}
    assert asked[0].headers["Authorization"] == "Bearer secret"
    assert asked[0].url.params["labelSelector"] == f"{SERVICE} in ({ONE},{TWO})"


def test_one_lease_is_read(cluster: Cluster, asked: list[httpx.Request]) -> None:
    assert cluster.lease() == {"spec": {}}
    path = "/apis/coordination.k8s.io/v1/namespaces/model-staging/leases/divider"
    assert asked[0].url.path == path


def test_a_refusal_is_an_error(cluster: Cluster) -> None:
    with pytest.raises(httpx.HTTPError):
        Cluster(cluster.client, cluster.folder, "gone").lease()
