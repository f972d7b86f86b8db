"""The Kubernetes target on a real API server, with pods and a gateway, and with no more rights than
`delivery` has."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from delivery.bento.bento import Bento
from delivery.commands.deploy import deploy
from delivery.commands.rollback import rollback
from delivery.errors import HeldError, InputError, TargetError
from delivery.events.event import State
from delivery.targets.kubernetes.routing import fence
from delivery.targets.kubernetes.routing.fence import Fence
from delivery.targets.kubernetes.routing.record import Record
from delivery.targets.protocol import Writer
from tests.cluster.cluster import Kubectl
from tests.cluster.conftest import Machine
from tests.cluster.place import (
    BAD,
    BUDGET,
    ENV,
    GONE,
    ONE,
    THREE,
    TWO,
    Clients,
    Cloud,
    clients,
    comes_up,
    credentials,
    running,
    wants,
)
from tests.origin import Origin

CODE = """
import os, signal, sys
from pathlib import Path
from delivery.commands.deploy import deploy
from delivery.deployment import active
from delivery.targets.kubernetes.kubectl import Kubectl
from delivery.targets.kubernetes.routing import fence
from tests.cluster.place import Cloud
from tests.delivery.place import judgement

active.judge_live = judgement("pass")
fence.DURATION, fence.RENEWAL = 6.0, 1.0
left, ask = int(sys.argv[2]), Kubectl._ask


def counted(self, *arguments, **options):
    global left
    left -= arguments[0] in ("apply", "replace", "create", "delete")
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return ask(self, *arguments, **options)


Kubectl._ask = counted
print(deploy(Cloud(Path(sys.argv[1]), lambda _: None), "production", budget=600))
"""


def test_without_an_image_nothing_is_started(cloud: Cloud) -> None:
    with pytest.raises(InputError, match="has no image"):
        cloud.place.runtime.start(Bento("r-444444444444", cloud.root))
    assert not cloud.place.runtime.instances()


def test_a_first_release_comes_up(cloud: Cloud, origin: Origin) -> None:
    comes_up(cloud, origin, ONE)
    found = running(cloud)
    assert (found.route, found.problem, found.state) == (f"{ONE} 100%", "", "verified")
    answer = httpx.post(f"{cloud.place.router.url}/predict", content=b"{}", trust_env=False)
    assert answer.json()["release"] == ONE


def test_a_second_one_takes_over_and_is_rolled_back_without_a_lost_request(
    cloud: Cloud, origin: Origin
) -> None:
    """The load is bounded, and what is counted is what clients saw."""
    with clients(cloud.place.router.url) as load:
        comes_up(cloud, origin, TWO, ONE)
        assert cloud.place.router.weights() == {TWO: 100}
        assert cloud.place.runtime.instances().keys() == {ONE, TWO}  # the previous stays warm
        promoted = settled(load)
        assert promoted[ONE]
        assert promoted[TWO]
        rollback(cloud, ENV, reason="tried", dry_run=False)
        assert cloud.place.router.weights() == {ONE: 100}
        assert settled(load)[ONE] > promoted[ONE]
    assert load.lost == []
    assert load.answers.keys() == {ONE, TWO}


def settled(load: Clients) -> Counter[str]:
    """What was answered, once some more was."""
    before, deadline = load.answers.total(), time.monotonic() + 60
    while load.answers.total() < before + 20 and time.monotonic() < deadline:
        time.sleep(0.1)
    return Counter(load.answers)


def test_shares_are_what_clients_meet(cloud: Cloud, machine: Machine) -> None:
    """1000 requests at 75 to 25: within five standard deviations, were they drawn."""
    place = cloud.place
    with place.runtime.lock():
        for release in (ONE, TWO):
            place.runtime.start(Bento(release, cloud.root, machine.image))
        place.router.set_weights({ONE: 75, TWO: 25})
        assert place.router.weights() == {ONE: 75, TWO: 25}
        load = Clients(place.router.url)
        with httpx.Client(trust_env=False, timeout=30) as client:
            for _ in range(1000):
                load.ask(client)
        place.router.set_weights({ONE: 100})
    assert not load.lost
    assert 180 < load.answers[TWO] < 320


def test_what_another_hand_changed_is_told_and_mended(
    cloud: Cloud, origin: Origin, admin: Callable[..., str]
) -> None:
    comes_up(cloud, origin, ONE)
    weights = [{"name": "closed", "port": 3000, "weight": 1}]
    patch = [{"op": "replace", "path": "/spec/rules/0/backendRefs", "value": weights}]
    admin("patch", "httproute", "model", "--type=json", "-p", json.dumps(patch))
    admin("delete", "poddisruptionbudget", ONE)
    admin("set", "env", f"deployment/{ONE}", "SERVING_DRAIN_SECONDS=0")
    found = running(cloud)
    assert "has lost its PodDisruptionBudget" in found.problem
    assert "the router was changed by another hand: kubectl-patch changed .spec.rules" in (
        found.problem
    )
    assert found.cure == f"delivery deploy {ENV}"
    deploy(cloud, ENV, budget=BUDGET)
    assert running(cloud).problem == ""
    assert admin("get", "poddisruptionbudget", ONE, "-o", "name")
    env = admin("get", "deployment", ONE, "-o", "jsonpath={.spec.template.spec.containers[0].env}")
    assert {"name": "SERVING_DRAIN_SECONDS", "value": "5"} in json.loads(env)
    assert cloud.place.router.weights() == {ONE: 100}


def test_a_floor_of_another_hand_is_nobodys_mistake(
    cloud: Cloud, admin: Callable[..., str]
) -> None:
    patch = json.dumps({"spec": {"minReplicas": 2}})
    admin("patch", "hpa", ONE, "--type=merge", "-p", patch)
    assert running(cloud).problem in ("", f"{ONE} is not whole (1 of 2 pods ready)")
    admin("patch", "hpa", ONE, "--type=merge", "-p", json.dumps({"spec": {"minReplicas": 1}}))


@pytest.mark.parametrize(
    ("release", "why"), [(BAD, "CrashLoopBackOff"), (GONE, "ImagePullBackOff")]
)
def test_a_release_that_does_not_come_up_is_rejected_and_the_other_keeps_its_clients(
    release: str, why: str, cloud: Cloud, origin: Origin
) -> None:
    with clients(cloud.place.router.url, count=1) as load:
        wants(origin, release, ONE)
        end = deploy(cloud, ENV, budget=BUDGET)
        assert end.step.state is State.REJECTED
    assert load.answers.keys() == {ONE}
    assert not load.lost
    attempts = cloud.snapshot().history(ENV).attempts
    (bad,) = (each for each in attempts if each.desired.wanted.release == release)
    assert why in str(bad.events[-1].evidence["why"])


def test_it_is_killed_again_and_again_and_ends_the_same(cloud: Cloud, origin: Origin) -> None:
    """SIGKILL at a write, each time a later one; the next takes up what was left."""
    wants(origin, THREE, ONE)
    killed = 0
    with clients(cloud.place.router.url, count=2) as load:
        for left in (3, 5, 6, 10_000):
            done = subprocess.run(
                [sys.executable, "-c", CODE, str(cloud.root), str(left)],
                env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
                capture_output=True,
                text=True,
                timeout=BUDGET,
                check=False,
            )
            killed += done.returncode == -9
        assert done.returncode == 0, done.stderr
    assert killed == 3
    assert not load.lost
    assert cloud.place.router.weights() == {THREE: 100}
    assert running(cloud).problem == ""


def test_the_lock_of_the_living_holds_and_that_of_the_dead_ends(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fence, "DURATION", 5.0)
    monkeypatch.setattr(fence, "RENEWAL", 1.0)
    record = Record(cloud.place.runtime.fence.kubectl)  # type: ignore[attr-defined]
    living, other, late = (Fence(ENV, record) for _ in range(3))
    with living.lock(Writer.DEPLOYMENT):
        with (
            pytest.raises(HeldError, match="being changed by another command"),
            other.lock(Writer.DEPLOYMENT),
        ):
            pass
        with late.lock(Writer.ROLLBACK):  # a person in a hurry waits for nobody
            with pytest.raises(HeldError, match="took production over"):
                living.require_turn()
            route = late.kubectl.get(*fence.ROUTE)
            with pytest.raises(HeldError, match="took production over"):
                living.require_epoch(route)
    dead = Fence(ENV, record)
    dead._acquire(Writer.DEPLOYMENT)
    with other.lock(Writer.DEPLOYMENT):
        other.require_turn()


def test_a_quota_that_is_full_holds_and_says_so(
    cloud: Cloud, admin: Callable[..., str], machine: Machine
) -> None:
    full = json.dumps({"spec": {"hard": {"pods": "0"}}})
    place = cloud.place
    with place.runtime.lock():
        assert ONE not in place.router.weights()
        place.runtime.retire({*place.router.weights()})
        admin("patch", "resourcequota", "model", "--type=merge", "-p", full)
        with pytest.raises(HeldError, match="exceeded quota"):
            place.runtime.start(Bento(ONE, cloud.root, machine.image))
    admin("patch", "resourcequota", "model", "--type=merge", "-p", full.replace('"0"', '"40"'))


def test_who_has_no_rights_hears_which(
    cloud: Cloud, kubectl: Kubectl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    namespace = cloud.place.runtime.fence.kubectl.namespace  # type: ignore[attr-defined]
    own = credentials(kubectl, namespace, tmp_path / "kubeconfig", "model")
    monkeypatch.setenv("KUBECONFIG", str(own))
    with pytest.raises(HeldError, match="`delivery` may not do this"):
        cloud.place.runtime.instances()


def test_a_cluster_that_is_away_is_no_verdict(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = json.loads(Path(os.environ["KUBECONFIG"]).read_text())
    config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    away = tmp_path / "kubeconfig"
    away.write_text(json.dumps(config))
    monkeypatch.setenv("KUBECONFIG", str(away))
    assert "Is the API server there?" in running(cloud).problem
    with pytest.raises(TargetError, match="Is the API server there"):
        cloud.place.router.weights()
