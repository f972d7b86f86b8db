"""Rules for what belongs to one release: how it is scaled, found and drained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from delivery.manifests.objects import RELEASE, Manifests, Object, at, named
from delivery.manifests.rules.rule import Complaints, Rule, labels_of_pods, selects

SCALERS = ("HorizontalPodAutoscaler", "ScaledObject")


def no_replicas(manifests: Manifests) -> Complaints:
    for each in _of_releases(manifests):
        if at(each, "spec", "replicas") is not None:
            yield named(each), "has replicas, which the autoscaler owns"


def one_scaler(manifests: Manifests) -> Complaints:
    scaled = Counter(at(each, "spec", "scaleTargetRef", "name") for each in manifests.of(*SCALERS))
    for each in _of_releases(manifests):
        if (count := scaled[each["metadata"]["name"]]) != 1:
            yield named(each), f"is scaled by {count} autoscalers, expected one"


def no_floor(manifests: Manifests) -> Complaints:
    for each in manifests.of("HorizontalPodAutoscaler"):
        if at(each, "spec", "minReplicas") is not None:
            yield named(each), "has minReplicas, which `delivery` sets by the share of the traffic"


def slow_to_shrink(manifests: Manifests) -> Complaints:
    for each in manifests.of("HorizontalPodAutoscaler"):
        window = at(each, "spec", "behavior", "scaleDown", "stabilizationWindowSeconds")
        if window is not None and window < 60:
            yield named(each), f"shrinks after {window} s, expected 60 or more"


def keda_stays_up(manifests: Manifests) -> Complaints:
    """Without its metrics KEDA scales to zero, or does not come back (keda#965, #7239)."""
    for each in manifests.of("ScaledObject"):
        if (at(each, "spec", "minReplicaCount") or 0) < 1:
            yield named(each), "may scale to zero: minReplicaCount is not 1 or more"
        if not at(each, "spec", "fallback", "replicas"):
            yield named(each), "has no fallback for the time without metrics"
        for trigger in at(each, "spec", "triggers") or ():
            if str(at(trigger, "metadata", "ignoreNullValues")).lower() != "false":
                yield named(each), "takes a query without an answer for no load"


def rolls_without_loss(manifests: Manifests) -> Complaints:
    for each in _for_clients(manifests):
        given = at(each, "spec", "strategy", "rollingUpdate", "maxUnavailable")
        if given != 0 or at(each, "spec", "strategy", "type") == "Recreate":
            yield named(each), "takes pods away before others are ready: maxUnavailable is not 0"


def budget(manifests: Manifests) -> Complaints:
    for each in _for_clients(manifests):
        labels = labels_of_pods(each)
        fitting = [
            found
            for found in manifests.of("PodDisruptionBudget")
            if selects(at(found, "spec", "selector", "matchLabels"), labels)
        ]
        if len(fitting) != 1:
            yield named(each), f"has {len(fitting)} disruption budgets, expected one"
    for each in manifests.of("PodDisruptionBudget"):
        if not at(each, "spec", "maxUnavailable"):
            yield named(each), "blocks the drain of a node that has its only pod"
        if at(each, "spec", "unhealthyPodEvictionPolicy") != "AlwaysAllow":
            yield named(each), "lets a pod that is not ready block a drain"


def keeps_to_its_release(manifests: Manifests) -> Complaints:
    """Two releases stand side by side: none may select a pod of the other."""
    for each in _of_releases(manifests):
        if RELEASE not in (at(each, "spec", "selector", "matchLabels") or {}):
            yield named(each), f"selects pods without the label {RELEASE}"
    for each in manifests.release:
        selector = at(each, "spec", "selector") if each["kind"] == "Service" else None
        if each["kind"] == "Service" and RELEASE not in (selector or {}):
            yield named(each), f"selects pods without the label {RELEASE}"


def found(manifests: Manifests) -> Complaints:
    deployments = manifests.of("Deployment")
    for each in manifests.release:
        if each["kind"] == "Service" and not any(
            selects(at(each, "spec", "selector"), labels_of_pods(one)) for one in deployments
        ):
            yield named(each), "selects no pod"
    services = [each for each in manifests.release if each["kind"] == "Service"]
    for each in manifests.of("ServiceMonitor") if services else ():
        labels, ports = at(each, "spec", "selector", "matchLabels"), _ports(each)
        for one in services:
            named_so = {port.get("name") for port in at(one, "spec", "ports") or ()}
            if not selects(labels, at(one, "metadata", "labels") or {}) or not ports <= named_so:
                yield named(each), f"does not find {named(one)}"


def _for_clients(manifests: Manifests) -> Sequence[Object]:
    """The Deployments that clients reach, unlike those that an environment has once."""
    return [each for each in manifests.of("Deployment") if each not in manifests.environment]


def _of_releases(manifests: Manifests) -> Sequence[Object]:
    """Their Deployments: the pods that divide clients are as many as a file says."""
    return [each for each in manifests.release if each["kind"] == "Deployment"]


def _ports(monitor: Object) -> set[str]:
    return {str(each.get("port")) for each in at(monitor, "spec", "endpoints") or ()}


def stays_until_retired(manifests: Manifests) -> Complaints:
    for each in manifests.release:
        notes = at(each, "metadata", "annotations") or {}
        if notes.get("argocd.argoproj.io/sync-options") != "Prune=false":
            yield named(each), "may be pruned by Argo CD while it has traffic"
        if notes.get("kustomize.toolkit.fluxcd.io/prune") != "disabled":
            yield named(each), "may be pruned by Flux while it has traffic"


RULES = (
    Rule("no-replicas", "two hands at one number", no_replicas),
    Rule("one-scaler", "a release that does not follow its load", one_scaler),
    Rule("no-floor", "a floor that shrinks under a rollback", no_floor),
    Rule("slow-to-shrink", "pods that come and go", slow_to_shrink),
    Rule("keda-stays-up", "no pods where metrics are away", keda_stays_up),
    Rule("rolls-without-loss", "fewer pods than the load needs", rolls_without_loss),
    Rule("budget", "a drain that takes all pods, or none", budget),
    Rule(
        "keeps-to-its-release",
        "clients at another release than the route says",
        keeps_to_its_release,
    ),
    Rule("found", "a Service without pods, or pods that nobody watches", found),
    Rule("stays-until-retired", "a release taken away under its clients", stays_until_retired),
)
