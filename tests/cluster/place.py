"""An environment in a namespace of its own, and a checkout that deploys there with no more than the
rights of `delivery`."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from delivery.commands.deploy import deploy
from delivery.commands.status import EnvironmentStatus, status
from delivery.context import Context
from delivery.documents import parse_yaml
from delivery.events.event import State
from delivery.manifests.render import render
from delivery.settings.policy import parse_settings
from delivery.state.desired import ReleaseRef
from delivery.state.snapshot import Snapshot
from delivery.targets.protocol import Target
from tests.checkout import ROOT
from tests.cluster.cluster import Kubectl
from tests.cluster.images import DIVIDER
from tests.delivery.place import World
from tests.origin import Origin

ENV, ONE, TWO = "production", "r-111111111111", "r-222222222222"
THREE, BAD, GONE = "r-333333333333", "r-bad000000000", "r-900e00000000"
BUDGET = 600.0  # s
Rollout = Mapping[str, object] | None  # of the environment; without one, all clients at once
# In front of the gateway is what ends TLS; the service asks for no key, since gates have none.
PATCHES = """
patches:
  - target: { kind: Gateway, name: model }
    patch: |-
      - op: replace
        path: /spec/listeners
        value:
          - name: http
            port: 80
            protocol: HTTP
            allowedRoutes: { namespaces: { from: Same } }
  - target: { kind: Deployment, name: model }
    patch: |-
      - op: add
        path: /spec/template/spec/containers/0/env/-
        value: { name: SERVING_ENVIRONMENT, value: local }
"""
CLASS = {
    "apiVersion": "gateway.networking.k8s.io/v1",
    "kind": "GatewayClass",
    "metadata": {"name": "traefik"},
    "spec": {"controllerName": "traefik.io/gateway-controller"},
}


@dataclass(frozen=True)
class Cloud(World):
    """World with the target that its settings name; a bento needs no bytes."""

    target = Context.target

    def bento(self, snapshot: Snapshot, release: str) -> Path:
        return self.root

    @property
    def place(self) -> Target:
        return self.target(self.snapshot(fetch=False).environment(ENV))


def settle(
    origin: Origin, kubectl: Kubectl, namespace: str, url: str, rollout: Rollout = None
) -> Cloud:
    """Set up the environment as a person would, and a checkout for it."""
    infra = {
        str(file.relative_to(ROOT)): file.read_text()
        for file in (ROOT / "infra").rglob("*.yaml")
        if file.name != "desired.yaml"
    }
    own = f"infra/environments/{ENV}/kustomization.yaml"
    infra[own] = infra[own].replace(f"model-{ENV}", namespace) + PATCHES
    place = {"kind": "kubernetes", "namespace": namespace, "url": url}
    environment: dict[str, object] = {"target": place}
    if rollout:
        infra[own] = infra[own].replace("components: [", "components: [../../components/divider, ")
        place["divider"] = DIVIDER
        environment["rollout"] = rollout
    policy = parse_yaml((origin.path / "delivery.yaml").read_text(), "delivery.yaml")
    policy["environments"][ENV] = environment
    text = json.dumps(policy)
    origin.push({**infra, "delivery.yaml": text}, "Run in a cluster")
    serving = parse_settings(text).serving
    divider = place.get("divider", "")
    objects = [CLASS, *render(origin.path, ENV, ReleaseRef(), serving, divider).environment]
    for each in objects:
        kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", text=json.dumps(each))
    return Cloud(origin.path, lambda _: None)


def running(cloud: Cloud) -> EnvironmentStatus:
    return status(cloud).environments[-1]


def wants(origin: Origin, release: str, previous: str = "") -> None:
    """A merged promotion, on top of what `delivery` itself put on main."""
    origin.git("fetch", "--quiet", "origin")
    origin.git("reset", "--quiet", "--hard", "origin/main")
    origin.promote(ENV, release, previous)


def comes_up(cloud: Cloud, origin: Origin, release: str, previous: str = "") -> None:
    wants(origin, release, previous)
    step = deploy(cloud, ENV, budget=BUDGET).step
    assert step.state is State.VERIFIED, step


def credentials(kubectl: Kubectl, namespace: str, file: Path, account: str = "delivery") -> Path:
    """A kubeconfig of a service account."""
    config = json.loads(kubectl("config", "view", "--raw", "--output=json"))
    token = kubectl("create", "token", account, "-n", namespace).strip()
    config["users"] = [{"name": account, "user": {"token": token}}]
    config["contexts"][0]["context"] |= {"user": account}
    file.touch(mode=0o600)
    file.write_text(json.dumps(config))
    return file


@dataclass
class Clients:
    """Clients of `url` with connections that they keep, a bounded number of requests a second.
    `answers` counts releases; `lost` has what was no answer."""

    url: str
    answers: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    _end: threading.Event = field(default_factory=threading.Event)

    def ask(self, client: httpx.Client) -> None:
        try:
            answer = client.post(f"{self.url}/predict", content=b"{}")
            if answer.status_code == 200:
                self.answers[answer.json()["release"]] += 1
            else:
                self.lost.append(f"{answer.status_code} {answer.text[:80]}")
        except httpx.HTTPError as error:
            self.lost.append(repr(error))

    def run(self, pause: float) -> None:
        with httpx.Client(trust_env=False, timeout=30) as client:
            while not self._end.wait(pause):
                self.ask(client)

    def end(self) -> None:
        self._end.set()


@contextmanager
def clients(url: str, count: int = 4, each: float = 10.0) -> Iterator[Clients]:
    """`count` of them for as long as the block, at most `each` requests a second by each."""
    made = Clients(url)
    threads = [threading.Thread(target=made.run, args=(1 / each,)) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield made
    finally:
        made.end()
        for thread in threads:
            thread.join()
