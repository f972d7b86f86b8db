"""The Kubernetes target: one namespace of one cluster for each environment.

    Lease delivery                      delivery.targets.kubernetes.routing.record
    HTTPRoute model                     delivery.targets.kubernetes.routing.route
    Deployment, Service, autoscaler     delivery.targets.kubernetes.releases
    and disruption budget r-…
    Lease and Deployment divider        delivery.targets.kubernetes.dividing, in a canary

What is applied is rendered from infra/ as main has it. Nothing of it lies on this machine.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from delivery.errors import InputError
from delivery.manifests.objects import Manifests
from delivery.manifests.render import kustomization, render, stand_in
from delivery.settings.kubernetes import KubernetesTargetSettings
from delivery.settings.policy import Environment
from delivery.state.desired import ReleaseRef
from delivery.targets.kubernetes.dividing.dividing import Dividing
from delivery.targets.kubernetes.kubectl import Kubectl
from delivery.targets.kubernetes.releases import Releases
from delivery.targets.kubernetes.routing.fence import Fence
from delivery.targets.kubernetes.routing.orders import LeaseOrders
from delivery.targets.kubernetes.routing.record import Record
from delivery.targets.kubernetes.routing.router import KubernetesRouter
from delivery.targets.kubernetes.runtime import KubernetesRuntime
from delivery.targets.protocol import Capabilities, Target

NOTHING = ReleaseRef()
# Weights of a route are of requests, not of clients, and what became of them it tells nobody.
ROUTED = Capabilities(lasting=True, shares=True)
DIVIDED = replace(ROUTED, sticky=True, records=True)


@dataclass
class Renderer:
    """Renders releases of `environment` from what `sources` writes into a folder: infra/."""

    environment: Environment
    target: KubernetesTargetSettings
    sources: Callable[[Path], None]
    _rendered: dict[ReleaseRef, Manifests] = field(default_factory=dict)

    def __call__(self, release: ReleaseRef = NOTHING) -> Manifests:
        """InputError where it does not render, or into another namespace."""
        if release not in self._rendered:
            with tempfile.TemporaryDirectory(prefix="infra-") as folder:
                self.sources(Path(folder))
                name, serving = self.environment.name, self.environment.serving
                manifests = render(Path(folder), name, release, serving, self.target.divider)
            self._require_here(manifests)
            self._rendered[release] = manifests
        return self._rendered[release]

    def _require_here(self, manifests: Manifests) -> None:
        wanted = self.target.namespace
        if manifests.namespace != wanted:
            name = self.environment.name
            raise InputError(
                f"{kustomization(name)} renders into the namespace {manifests.namespace}, but "
                f"environments.{name}.target.namespace in delivery.yaml is {wanted}. One of "
                "them is wrong."
            )


def access(environment: Environment, sources: Callable[[Path], None]) -> str:
    """What can be said for the place of `environment`, after a try that changes nothing.

    Raises:
        HeldError, InputError: what is missing there: rights, a namespace, a kind of object.
        TargetError: the cluster does not answer.
    """
    settings = environment.settings.target
    assert isinstance(settings, KubernetesTargetSettings)
    kubectl = Kubectl(settings.context, settings.namespace)
    manifests = Renderer(environment, settings, sources)(stand_in())
    Record(kubectl).read()
    kubectl.try_out([*manifests.release, *manifests.divider, manifests.route])
    return f"{kubectl} takes what `delivery` applies"


def kubernetes_target(
    environment: Environment, workspace: Path, sources: Callable[[Path], None]
) -> Target:
    """`environment` in its namespace. Asks nobody yet."""
    settings = environment.settings.target
    assert isinstance(settings, KubernetesTargetSettings)
    kubectl = Kubectl(settings.context, settings.namespace)
    record, releases = Record(kubectl), Releases(kubectl)
    fence = Fence(environment.name, record)
    renders = Renderer(environment, settings, sources)
    records = workspace / "targets" / environment.name / "records"
    dividing = Dividing(kubectl, lambda: renders().divider, records) if settings.divider else None
    url = settings.url.rstrip("/")
    router = KubernetesRouter(
        kubectl, url, fence, lambda: renders().route, releases.ready, dividing
    )
    runtime = KubernetesRuntime(
        environment.name,
        environment.serving,
        releases,
        router,
        fence,
        lambda release: renders(release).release,
        workspace,
    )
    return Target(runtime, router, LeaseOrders(record), DIVIDED if dividing else ROUTED)
