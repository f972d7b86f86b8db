"""What becomes of clients when containers fail: a kubelet, an engine and limits of the kernel."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from delivery.events.event import State
from tests.cluster.cluster import Kubectl
from tests.cluster.containers.surroundings import processes
from tests.cluster.node import Node
from tests.cluster.place import ENV, ONE, Cloud, clients, comes_up, running
from tests.origin import Origin

PODS = 2
PATIENCE, POLL = 180.0, 0.2  # s
TOO_MUCH = 600 * 1024 * 1024  # bytes; the limit is 512 MiB


@pytest.fixture(scope="module")
def served(node: Node, cloud: Cloud, origin: Origin) -> Cloud:
    """ONE has the traffic."""
    comes_up(cloud, origin, ONE)
    return cloud


@pytest.fixture
def pods(served: Cloud, admin: Callable[..., str]) -> Iterator[Callable[[], Sequence[Any]]]:
    """The pods of ONE: two, ready, before the test and after it."""

    def found() -> Sequence[Any]:
        listed = json.loads(admin("get", "pods", "-l", f"delivery/release={ONE}", "-o", "json"))
        return [each for each in listed["items"] if "deletionTimestamp" not in each["metadata"]]

    def whole() -> bool:
        return sum(is_ready(each) for each in found()) == PODS == len(found())

    floor = json.dumps({"spec": {"minReplicas": PODS}})
    admin("patch", "hpa", ONE, "--type=merge", "-p", floor)
    eventually(whole)
    yield found
    eventually(whole)
    assert running(served).problem == ""
    assert served.snapshot().attempt(ENV).state is State.VERIFIED


def eventually(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(POLL)


def is_ready(pod: Mapping[str, Any]) -> bool:
    return any(
        (each["type"], each["status"]) == ("Ready", "True") for each in pod["status"]["conditions"]
    )


def container(pod: Mapping[str, Any]) -> Any:
    (found,) = pod["status"]["containerStatuses"]
    return found


def service(pod: Mapping[str, Any], node: Node) -> psutil.Process:
    """Its one process, beside the one that holds the network of the pod."""
    (found,) = (
        each for each in processes(node.own, pod["metadata"]["uid"]) if "-c" not in each.cmdline()
    )
    return found


def test_a_container_is_what_the_image_and_the_manifest_say(
    pods: Callable[[], Sequence[Any]], node: Node
) -> None:
    for pod in pods():
        assert container(pod)["imageID"] == pod["spec"]["containers"][0]["image"]
        process = service(pod, node)
        assert set(process.uids()) == {65532}
        assert not Path(f"/proc/{process.pid}/root/bin/sh").exists()
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        held = dict(line.split(":\t", 1) for line in lines)
        assert (held["NoNewPrivs"], held["Seccomp"], held["CapEff"]) == ("1", "2", "0" * 16)


def test_a_pod_that_is_deleted_loses_nothing(
    served: Cloud, pods: Callable[[], Sequence[Any]], admin: Callable[..., str]
) -> None:
    with clients(served.place.router.url) as load:
        admin("delete", "pod", pods()[0]["metadata"]["name"])
        eventually(lambda: sum(map(is_ready, pods())) == PODS)
    assert load.answers[ONE]
    assert load.lost == []


def test_a_container_that_is_killed_comes_back_and_the_other_answers(
    served: Cloud, pods: Callable[[], Sequence[Any]], node: Node
) -> None:
    with clients(served.place.router.url) as load:
        service(pods()[0], node).kill()
        eventually(lambda: sum(container(each)["restartCount"] for each in pods()) == 1)
        eventually(lambda: all(map(is_ready, pods())))
        lost = len(load.lost)
        answered = load.answers.total()
        eventually(lambda: load.answers.total() > answered + 100)
    print(f"lost while a container was killed: {lost} of {load.answers.total() + lost}")
    assert len(load.lost) == lost  # nothing once it is back
    assert lost < answered


def test_a_container_out_of_memory_is_ended_alone(
    served: Cloud, pods: Callable[[], Sequence[Any]]
) -> None:
    before = {each["metadata"]["name"] for each in pods()}
    with clients(served.place.router.url) as load:
        keep = json.dumps({"keep": TOO_MUCH})
        answer = httpx.post(
            f"{served.place.router.url}/predict", content=keep, timeout=60, trust_env=False
        )
        assert answer.status_code == 502
        eventually(lambda: "OOMKilled" in str([container(each) for each in pods()]))
        eventually(lambda: all(map(is_ready, pods())))
        lost = len(load.lost)
        answered = load.answers.total()
        eventually(lambda: load.answers.total() > answered + 100)
    print(f"lost while a container ran out of memory: {lost} of {load.answers.total() + lost}")
    assert {each["metadata"]["name"] for each in pods()} == before
    assert len(load.lost) == lost
    assert lost < answered


def test_a_drain_leaves_what_the_budget_says(
    served: Cloud, pods: Callable[[], Sequence[Any]], kubectl: Kubectl
) -> None:
    """There is one node, so nothing that it ends can come back before it takes pods again."""
    drain = ("drain", "node", "--delete-emptydir-data", f"--pod-selector=delivery/release={ONE}")
    with clients(served.place.router.url) as load:
        try:
            done = kubectl.try_to(*drain, "--timeout=40s")
            assert "disruption budget" in done.stderr
            assert sum(map(is_ready, pods())) == PODS - 1
        finally:
            kubectl("uncordon", "node")
        eventually(lambda: sum(map(is_ready, pods())) == PODS)
    assert load.answers[ONE]
    assert load.lost == []


def test_a_kubelet_that_dies_ends_nothing(
    served: Cloud, pods: Callable[[], Sequence[Any]], node: Node
) -> None:
    def kubelets() -> set[psutil.Process]:
        flag = f"--config={node.own / 'kubelet.json'}"
        found = psutil.process_iter(["cmdline"])  # None where one is about to end
        return {each for each in found if flag in (each.info["cmdline"] or ())}

    before = {container(each)["containerID"] for each in pods()}
    with clients(served.place.router.url) as load:
        (dead,) = kubelets()
        dead.kill()
        eventually(lambda: bool(kubelets() - {dead}))
        eventually(lambda: load.answers.total() > 200)
    assert load.lost == []
    assert {container(each)["containerID"] for each in pods()} == before
