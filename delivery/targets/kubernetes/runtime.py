"""The runtime of the Kubernetes target: each release is a Deployment with what belongs to it.

What runs is never made anew because infra/ changed: what was applied for a release is remembered
with it, and a change of another hand is mended back to that. A release that does not run whole is
applied as infra/ renders it now.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from delivery.bento.bento import NO_IMAGE, Bento
from delivery.errors import HeldError, InputError, TargetError
from delivery.manifests.objects import Object
from delivery.state.desired import ReleaseRef
from delivery.targets.kubernetes.kubectl import ConflictError, UnreachableError
from delivery.targets.kubernetes.releases import Releases, Standing
from delivery.targets.kubernetes.routing.fence import Fence
from delivery.targets.kubernetes.routing.router import KubernetesRouter
from delivery.targets.protocol import Instance, Writer
from serving.settings.service import ServingSettings

READY = 330.0  # s: `progressDeadlineSeconds` is 300, and says more than a time limit
STUCK = 20.0  # s that a stuck pod gets: a pull or a start may be tried again
POLL = 0.5  # s
END = 120.0  # s: the grace of a pod is 25
SETTLED = "delivery/settled"


@dataclass(frozen=True)
class KubernetesRuntime:
    """The releases of `environment`. `render` makes the objects of a release."""

    environment: str
    settings: ServingSettings
    releases: Releases
    router: KubernetesRouter
    fence: Fence
    render: Callable[[ReleaseRef], Sequence[Object]]
    workspace: Path

    @property
    def predictions(self) -> Path:
        """Nothing is written there: pods keep no predictions."""
        return self.workspace / "targets" / self.environment / "predictions"

    def lock(self, writer: Writer = Writer.DEPLOYMENT) -> AbstractContextManager[None]:
        """Keep two writers of this environment apart."""
        return self.fence.lock(writer)

    def require_turn(self) -> None:
        """HeldError if the writer may not go on."""
        self.fence.require_turn()

    def instances(self) -> Mapping[str, Instance]:
        """What was started here and not retired; ready or not."""
        addresses, view = self.router.addresses(), self.releases.look()
        return {
            name: _instance(standing, addresses.get(name, ""), view.changed(name))
            for name, standing in view.standing.items()
        }

    def settled(self) -> Set[str]:
        """The releases that the last deployment left here."""
        route = self.router.weights()
        try:
            content = json.loads(self.fence.record.note(SETTLED))
            return {*route, *(content["kept"] if content["route"] == route else ())}
        except (ValueError, KeyError, TypeError):
            return set(route)

    def start(self, bento: Bento) -> Instance:
        """Run a release and wait until all its pods are ready.

        Raises:
            InputError: it has no image, or the gates could not ask it.
            HeldError: rights, quota, or a kind of object are missing.
            TargetError: it does not get ready; the message has what the cluster says.
        """
        self._require_open()
        self.require_turn()
        if self.router.changed():
            self.router.refresh()
        view = self.releases.look()
        standing, applied = view.standing.get(bento.id), view.applied(bento.id)
        whole = standing and standing.whole and applied
        if not whole or _image(applied) != bento.image:
            applied = self.render(self._version(bento))
            standing = None
        if standing is None or view.changed(bento.id):
            self.require_turn()
            self.releases.apply(applied)
            standing = self._await_whole(bento.id)
        url = self.router.addresses().get(bento.id) or self.router.admit(bento.id)
        return Instance(bento.id, url, alive=True, detail=str(standing))

    def retire(self, keep: Set[str]) -> None:
        """Delete every release not in `keep`. One that still has traffic is refused."""
        route = self.router.weights()
        leaving = sorted(self.releases.look().standing.keys() - keep)
        if routed := sorted(route.keys() & set(leaving)):
            raise ValueError(f"{', '.join(routed)} still has traffic: move it away first")
        self.require_turn()
        note = json.dumps({"kept": sorted(keep), "route": dict(route)})
        self.fence.record.write_note(SETTLED, note)
        self._end(leaving, keep)

    def stop(self) -> None:
        """Delete all releases."""
        self.require_turn()
        self.fence.record.write_note(SETTLED, "")
        self._end(sorted(self.releases.look().standing), set())

    def _end(self, leaving: Sequence[str], keep: Set[str]) -> None:
        self.router.dismiss(keep)
        for release in leaving:
            self.require_turn()  # this very moment: a rollback may need what is ended here
            self.releases.delete(release, END)

    def _require_open(self) -> None:
        """The gates would be turned away, and reject the release for that."""
        if self.settings.auth != "none":
            raise InputError(
                f"serving.auth is {self.settings.auth}, and the gates have no key in "
                f"{self.environment}. `auth: none` in delivery.yaml, and let what stands before "
                "the gateway ask who calls: docs/kubernetes.md."
            )

    def _version(self, bento: Bento) -> ReleaseRef:
        """The release with its image."""
        if bento.image == NO_IMAGE:
            raise InputError(
                f"{bento.id} has no image, and {self.environment} runs nothing else. `delivery "
                f"image build {bento.id}` makes one: docs/images.md."
            )
        return ReleaseRef(bento.id, image=bento.image)

    def _await_whole(self, release: str) -> Standing:
        """TargetError or HeldError with what keeps it from being ready."""
        deadline, patience = time.monotonic() + READY, 0.0
        standing: Standing | None = None
        while time.monotonic() < deadline:
            standing = self._look(release) or standing
            if standing and standing.whole:
                return standing
            trouble = standing.stuck or standing.quota if standing else ""
            if trouble and not patience:  # a crash loop starts again, and is none for a moment
                patience = time.monotonic() + STUCK
            if standing and trouble and time.monotonic() > patience:
                break
            time.sleep(POLL)
        self.require_turn()
        told = f"{standing}: {standing.stuck or standing.quota}" if standing else "nothing is there"
        if standing and standing.quota and not standing.stuck:
            raise HeldError(
                f"{release} cannot be started in {self.environment} ({told}). Raise the quota, or "
                f"retire what is not needed, and `delivery deploy {self.environment}`."
            )
        raise TargetError(
            f"{release} does not get ready in {self.environment} ({told}). `kubectl describe pods "
            f"-n {self.fence.kubectl.namespace} -l delivery/release={release}`"
        )

    def _look(self, release: str) -> Standing | None:
        """None also while the API server is away: what runs goes on without it."""
        try:
            return self.releases.look().standing.get(release)
        except (UnreachableError, ConflictError):
            return None


def _image(objects: Sequence[Object]) -> str:
    """Of the release that was applied before; empty where none was."""
    for each in objects:
        if each["kind"] == "Deployment":
            return str(each["spec"]["template"]["spec"]["containers"][0]["image"])
    return ""


def _instance(standing: Standing, url: str, changed: str) -> Instance:
    """What another hand changed is told first: it may be why too few pods are ready."""
    state, reason = "", standing.stuck or standing.quota
    if reason or not standing.whole:
        state = f"is not whole ({': '.join(filter(None, (str(standing), reason)))})"
    address = "" if url or state else "has no address of its own"
    problem = "; ".join(filter(None, (changed, state, address)))
    return Instance(standing.release, url, bool(standing.ready), str(standing), problem)
