"""A target over a cluster in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from delivery.bento.bento import Bento
from delivery.manifests.objects import Manifests, Object
from delivery.manifests.render import render
from delivery.settings.policy import parse_settings
from delivery.state.desired import ReleaseRef
from delivery.targets.kubernetes.releases import Releases
from delivery.targets.kubernetes.routing import fence, router
from delivery.targets.kubernetes.routing.fence import Fence
from delivery.targets.kubernetes.routing.record import Record
from delivery.targets.kubernetes.routing.router import KubernetesRouter
from delivery.targets.kubernetes.runtime import KubernetesRuntime
from tests.checkout import POLICY, ROOT
from tests.delivery.targets.kubernetes.memory import Memory, gateway

IMAGE = f"registry.invalid/model@sha256:{'1' * 64}"
SERVING = parse_settings(POLICY.read_text()).serving


@dataclass(frozen=True)
class Place:
    """A runtime and its parts."""

    memory: Memory
    runtime: KubernetesRuntime

    @property
    def router(self) -> KubernetesRouter:
        return self.runtime.router

    @property
    def fence(self) -> Fence:
        return self.runtime.fence

    def start(self, release: str, image: str = IMAGE) -> str:
        return self.runtime.start(Bento(release, Path(), image)).url


@pytest.fixture(scope="session")
def manifests() -> Manifests:
    """Of a release that is called as the template's placeholder."""
    return render(ROOT, "staging", ReleaseRef("r-111111111111", "1" * 64, IMAGE), SERVING)


@pytest.fixture
def place(manifests: Manifests, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Nothing runs there yet."""
    monkeypatch.setattr(fence, "DURATION", 0.3)
    monkeypatch.setattr(fence, "RENEWAL", 0.05)
    monkeypatch.setattr(fence, "POLL", 0.02)
    monkeypatch.setattr(router, "FOLLOWS", 10.0)
    monkeypatch.setattr(router, "ASK", 1.0)
    monkeypatch.setattr("delivery.targets.kubernetes.runtime.STUCK", 0.1)
    monkeypatch.setattr("delivery.targets.kubernetes.runtime.POLL", 0.01)
    text = json.dumps(list(manifests.release))

    def rendered(release: ReleaseRef) -> Sequence[Object]:
        named = text.replace("r-111111111111", release.release).replace(IMAGE, release.image)
        found: Sequence[Object] = json.loads(named)
        return found

    memory = Memory()
    releases = Releases(memory)  # type: ignore[arg-type]
    own = Fence("staging", Record(memory))  # type: ignore[arg-type]
    with gateway(memory) as url:
        routes = KubernetesRouter(memory, url, own, lambda: manifests.route, releases.ready)  # type: ignore[arg-type]
        yield Place(
            memory,
            KubernetesRuntime("staging", SERVING, releases, routes, own, rendered, Path()),
        )
