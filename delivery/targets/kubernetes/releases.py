"""How releases stand in a namespace, as their objects tell: which are ready, what keeps others from
it, and what another hand changed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from delivery.manifests.objects import PART, RELEASE, Object, at
from delivery.targets.kubernetes.kubectl import Kubectl
from delivery.targets.kubernetes.ownership import changes

KINDS = "deployments,services,horizontalpodautoscalers,poddisruptionbudgets"
RUNS = "Deployment"
APPLIED = "delivery/applied"  # on a Deployment: what was applied for its release, as JSON
# Reasons of a container that wait for nobody: it does not come up by itself.
STUCK = ("ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError",
         "CreateContainerError", "CrashLoopBackOff", "RunContainerError")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Standing:
    """A release as its Deployment and its pods tell. `ready` counts pods; `wanted` is how many its
    Deployment asks for. `stuck` says what no time mends, empty where there is nothing; `quota`
    what keeps pods from being made."""

    release: str
    ready: int
    wanted: int
    settled: bool  # the Deployment has done all that it was told
    stuck: str = ""
    quota: str = ""

    @property
    def whole(self) -> bool:
        return self.settled and self.ready >= max(1, self.wanted)

    def __str__(self) -> str:
        return f"{self.ready} of {self.wanted} pods ready"


@dataclass(frozen=True, slots=True)
class View:
    """All objects of all releases at one moment."""

    objects: Sequence[Object]

    @property
    def standing(self) -> Mapping[str, Standing]:
        """Release → how it stands."""
        pods = [each for each in self.objects if each["kind"] == "Pod"]
        return {
            each["metadata"]["name"]: _standing(each, _of(pods, each["metadata"]["name"]))
            for each in self.objects
            if each["kind"] == RUNS and at(each, "metadata", "labels", PART) == "release"
        }

    def applied(self, release: str) -> Sequence[Object]:
        """What was applied for it; empty where it is not there or does not say."""
        deployment = next((each for each in self.objects if _key(each) == (RUNS, release)), None)
        text = at(deployment, "metadata", "annotations", APPLIED)
        try:
            return list(json.loads(text))
        except (TypeError, ValueError):
            return []

    @property
    def more_kinds(self) -> str:
        """What components gave to releases beyond KINDS, as kubectl names it: a cluster that does
        not know a kind refuses to look for it, so only what was applied is looked for."""
        names = {_resource(one) for name in self.standing for one in self.applied(name)}
        return ",".join(sorted(names - {*KINDS.split(",")}))

    def changed(self, release: str) -> str:
        """What another hand made of it, in words; empty where all is as it was applied."""
        objects = self.applied(release)
        if not objects:
            return "does not say what was applied for it"
        there = {_key(each): each for each in self.objects}
        gone = [each["kind"] for each in objects if _key(each) not in there]
        if gone:
            return f"has lost its {', '.join(gone)}"
        found = [f"{each['kind']}: {what}" for each in objects for what in
                 changes(each, there[_key(each)])]  # fmt: skip
        return f"was changed by another hand: {'; '.join(found)}" if found else ""


@dataclass(frozen=True, slots=True)
class Releases:
    """The releases in the namespace of `kubectl`."""

    kubectl: Kubectl

    def look(self) -> View:
        """As they are now."""
        found = self.kubectl.find(f"{KINDS},pods", "app.kubernetes.io/name=model")
        if more := View(found).more_kinds:
            found = [*found, *self.kubectl.find(more, "app.kubernetes.io/name=model")]
        return View(found)

    def ready(self) -> set[str]:
        """Those with a pod that answers."""
        standing = self.look().standing
        return {name for name, release in standing.items() if release.ready}

    def apply(self, objects: Sequence[Object]) -> None:
        """Make them so, and remember what they were."""
        text = json.dumps(list(objects))
        self.kubectl.apply([_remembering(each, text) for each in objects])

    def delete(self, release: str, seconds: float) -> None:
        """With all that belongs to it; its pods end by their own rules before this returns."""
        more = self.look().more_kinds
        kinds = f"{KINDS},{more}" if more else KINDS
        self.kubectl.delete(kinds, f"{RELEASE}={release}", seconds)


def _remembering(each: Object, text: str) -> Object:
    if each["kind"] != RUNS:
        return each
    metadata = each["metadata"]
    notes = {**metadata.get("annotations", {}), APPLIED: text}
    return {**each, "metadata": {**metadata, "annotations": notes}}


def _resource(each: Object) -> str:
    """The kind as kubectl is asked for it: `deployments`, `scaledobjects.keda.sh`."""
    name, group = f"{each['kind'].lower()}s", each["apiVersion"].rpartition("/")[0]
    return name if name in KINDS.split(",") else f"{name}.{group}"


def _key(each: Object) -> tuple[str, str]:
    return each["kind"], each["metadata"]["name"]


def _of(pods: Sequence[Object], release: str) -> Sequence[Object]:
    return [each for each in pods if at(each, "metadata", "labels", RELEASE) == release]


def _standing(deployment: Object, pods: Sequence[Object]) -> Standing:
    status = deployment.get("status", {})
    wanted = int(deployment["spec"].get("replicas", 1))
    current = status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
    settled = (
        current
        and status.get("updatedReplicas", 0) == wanted
        and status.get("replicas", 0) == wanted
    )
    quota = _condition(deployment, "ReplicaFailure", "True")
    late = _condition(deployment, "Progressing", "False")
    stuck = "; ".join(dict.fromkeys(_stuck(pods))) or late
    ready = int(status.get("readyReplicas", 0))
    return Standing(deployment["metadata"]["name"], ready, wanted, settled, stuck, quota)


def _condition(deployment: Object, kind: str, status: str) -> str:
    for each in deployment.get("status", {}).get("conditions", []):
        if each["type"] == kind and each["status"] == status:
            return str(each.get("message") or each.get("reason"))
    return ""


def _stuck(pods: Sequence[Object]) -> Iterator[str]:
    """What containers wait for in vain, in the cluster's words."""
    for pod in pods:
        for container in at(pod, "status", "containerStatuses") or []:
            waiting = at(container, "state", "waiting") or {}
            if waiting.get("reason") in STUCK:
                yield f"{waiting['reason']}: {waiting.get('message', '')}".strip(": ")
