"""One release in eight pods, asked by clients that keep their connections."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

import httpx
import pytest

from tests.cluster.place import ONE, Cloud, comes_up
from tests.delivery.running import eventually
from tests.origin import Origin

PODS, CLIENTS, REQUESTS = 8, 8, 100


@pytest.mark.usefixtures("processes", "thorough")
def test_every_pod_gets_its_share(cloud: Cloud, origin: Origin, admin: Callable[..., str]) -> None:
    """Requests per pod within 20% of each other."""
    comes_up(cloud, origin, ONE)
    floor = json.dumps({"spec": {"minReplicas": PODS}})
    admin("patch", "hpa", ONE, "--type=merge", "-p", floor)
    ready = "jsonpath={.status.readyReplicas}"
    eventually(lambda: admin("get", "deployment", ONE, "-o", ready) == str(PODS), seconds=120)
    url, counts = cloud.place.router.url, Counter[str]()
    eventually(lambda: len({_asked(url) for _ in range(PODS)} - {""}) == PODS, seconds=60)

    def ask() -> None:
        with httpx.Client(trust_env=False, timeout=30) as client:
            pods = [_answer(client, url) for _ in range(REQUESTS)]
        counts.update(pods)

    threads = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts.total() == CLIENTS * REQUESTS
    assert len(counts) == PODS
    assert max(counts.values()) <= 1.2 * min(counts.values()), counts


def _answer(client: httpx.Client, url: str) -> str:
    answer = client.post(f"{url}/predict", content=b"{}")
    return str(answer.raise_for_status().json()["pod"])


def _asked(url: str) -> str:
    """The pod that answers a new connection; empty where a busy machine had none ready."""
    with httpx.Client(trust_env=False, timeout=30) as client, suppress(httpx.HTTPStatusError):
        return _answer(client, url)
    return ""
