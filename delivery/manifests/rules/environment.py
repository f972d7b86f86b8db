"""Rules for what an environment has once: who may do what in it, and who reaches it."""

from __future__ import annotations

from delivery.manifests.objects import Manifests, at, named
from delivery.manifests.rules.pods import ACCOUNT
from delivery.manifests.rules.rule import Complaints, Rule, pod_of

WHOLE_CLUSTER = ("Namespace", "PersistentVolume", "StorageClass", "CustomResourceDefinition")
OPEN = ("ClusterRole", "ClusterRoleBinding")
FORBIDDEN = {"secrets", "pods/exec", "pods/attach", "pods/portforward", "pods/ephemeralcontainers",
             "serviceaccounts", "serviceaccounts/token", "roles", "rolebindings",
             "networkpolicies", "resourcequotas/status"}  # fmt: skip
ALTERING = {"create", "update", "patch", "delete", "deletecollection"}
RIGHTS = {"escalate", "bind", "impersonate", "*", "deletecollection"}


def denied_by_default(manifests: Manifests) -> Complaints:
    for direction in ("Ingress", "Egress"):
        if not any(
            at(each, "spec", "podSelector") == {}
            and direction in (at(each, "spec", "policyTypes") or ())
            and not at(each, "spec", direction.lower())
            for each in manifests.of("NetworkPolicy")
        ):
            yield manifests.namespace, f"lets every {direction} through that no policy names"


def not_from_everywhere(manifests: Manifests) -> Complaints:
    for each in manifests.of("NetworkPolicy"):
        for direction, peers in (("ingress", "from"), ("egress", "to")):
            for one in at(each, "spec", direction) or ():
                if not one.get(peers) or {} in one[peers]:
                    yield named(each), f"has an {direction} rule for everybody"


def restricted(manifests: Manifests) -> Complaints:
    for each in manifests.of("Namespace"):
        level = at(each, "metadata", "labels", "pod-security.kubernetes.io/enforce")
        if level != "restricted":
            yield named(each), f"enforces the pod security {level!r}, expected 'restricted'"


def quota(manifests: Manifests) -> Complaints:
    if not any(at(each, "spec", "hard", "pods") for each in manifests.of("ResourceQuota")):
        yield manifests.namespace, "has no ResourceQuota for pods"


def least_rights(manifests: Manifests) -> Complaints:
    for each in manifests.of("Role"):
        for rule in each.get("rules") or ():
            resources, verbs = set(rule.get("resources", ())), set(rule.get("verbs", ()))
            if bad := sorted(resources & FORBIDDEN | {name for name in resources if "*" in name}):
                yield named(each), f"gives rights over {', '.join(bad)}"
            if bad := sorted(verbs & RIGHTS):
                yield named(each), f"gives the right to {', '.join(bad)}"
            if "resourcequotas" in resources and verbs & ALTERING:
                yield named(each), "may change its own quota"


def within_the_namespace(manifests: Manifests) -> Complaints:
    for each in manifests.all:
        if each["kind"] in OPEN:
            yield named(each), "gives rights over the whole cluster"
        elif each["kind"] not in WHOLE_CLUSTER:
            place = at(each, "metadata", "namespace")
            if place != manifests.namespace:
                yield named(each), f"lies in the namespace {place}, expected {manifests.namespace}"
        if at(each, "spec", "secretStoreRef", "kind") == "ClusterSecretStore":
            yield named(each), "reads a store of the whole cluster, expected a SecretStore"


def encrypted(manifests: Manifests) -> Complaints:
    for each in manifests.of("Gateway"):
        for listener in at(each, "spec", "listeners") or ():
            if listener.get("protocol") not in ("HTTPS", "TLS"):
                yield named(each), f"listens for {listener.get('protocol')}, expected HTTPS"


def gateway_alone(manifests: Manifests) -> Complaints:
    for each in manifests.of("Service"):
        if at(each, "spec", "type") not in (None, "ClusterIP"):
            yield named(each), f"is a {at(each, 'spec', 'type')}, which goes round the gateway"
        if at(each, "spec", "externalIPs"):
            yield named(each), "has externalIPs, which go round the gateway"
    for each in manifests.of("Ingress"):
        yield named(each), "goes round the gateway"


def own_routes(manifests: Manifests) -> Complaints:
    """Nobody else in the cluster may hang a route on the gateway of this environment."""
    for each in manifests.of("Gateway"):
        for listener in at(each, "spec", "listeners") or ():
            if at(listener, "allowedRoutes", "namespaces", "from") not in (None, "Same"):
                yield named(each), "takes routes of other namespaces"


def closed_at_first(manifests: Manifests) -> Complaints:
    """The weights are `delivery`'s: a file that named a release would undo a rollback."""
    for rule in at(manifests.route, "spec", "rules") or ():
        for backend in rule.get("backendRefs") or ():
            if backend.get("name") != "closed":
                yield named(manifests.route), f"leads to {backend.get('name')}, expected closed"


def one_watcher(manifests: Manifests) -> Complaints:
    for each in manifests.environment:
        if each["kind"] != "Deployment" or pod_of(each).get("serviceAccountName") != ACCOUNT:
            continue
        if at(each, "spec", "replicas") != 1 or at(each, "spec", "strategy", "type") != "Recreate":
            yield named(each), "may run twice, expected replicas: 1 and the strategy Recreate"
        for container in at(pod_of(each), "containers") or ():
            if not container.get("livenessProbe"):
                yield named(each), "may hang without an end: it has no livenessProbe"


def no_secret(manifests: Manifests) -> Complaints:
    for each in manifests.of("Secret"):
        yield named(each), "is in the repository: name a secret, and lay it into the cluster"


RULES = (
    Rule("denied-by-default", "traffic that nobody thought of", denied_by_default),
    Rule("not-from-everywhere", "a policy that opens all", not_from_everywhere),
    Rule("restricted", "pods that a later hand adds", restricted),
    Rule("quota", "an environment that takes the cluster", quota),
    Rule("least-rights", "what a stolen token of `delivery` can do", least_rights),
    Rule("within-the-namespace", "environments that reach each other", within_the_namespace),
    Rule("encrypted", "a reader on the way", encrypted),
    Rule("gateway-alone", "clients beside the route", gateway_alone),
    Rule("own-routes", "a route of somebody else", own_routes),
    Rule("closed-at-first", "a file that moves traffic", closed_at_first),
    Rule("one-watcher", "two watchers at one environment, or one that hangs", one_watcher),
    Rule("no-secret", "a secret in git", no_secret),
)
