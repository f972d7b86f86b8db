from __future__ import annotations

import pytest

from delivery.manifests.objects import Manifests
from delivery.manifests.rules.environment import RULES
from tests.delivery.manifests.controls import GONE, Spoil, add, broken_by, drop, put, watching

OPEN = {"ingress": [{"ports": [{"port": 3000}]}], "podSelector": {}, "policyTypes": ["Ingress"]}
EVERYBODY = {**OPEN, "ingress": [{"from": [{}]}]}
ENFORCED = ("metadata", "labels", "pod-security.kubernetes.io/enforce")
LISTENER = ("spec", "listeners", 0)


def role(*resources: str, verbs: tuple[str, ...] = ("get",)) -> Spoil:
    return add("Role", rules=[{"resources": list(resources), "verbs": list(verbs)}])


def route(name: str) -> Spoil:
    return put("HTTPRoute", ("spec", "rules", 0, "backendRefs", 0, "name"), name)


def move_the_route(spoiled: Manifests) -> None:
    spoiled.route["metadata"]["namespace"] = "other"


def without_liveness(spoiled: Manifests) -> None:
    watching()(spoiled)
    del spoiled.of("Deployment")[0]["spec"]["template"]["spec"]["containers"][0]["livenessProbe"]


CONTROLS: list[tuple[str, Spoil]] = [
    ("denied-by-default", drop("NetworkPolicy")),
    ("not-from-everywhere", add("NetworkPolicy", spec=OPEN)),
    ("not-from-everywhere", add("NetworkPolicy", spec=EVERYBODY)),
    ("restricted", put("Namespace", ENFORCED, "baseline")),
    ("restricted", put("Namespace", ENFORCED, GONE)),
    ("quota", drop("ResourceQuota")),
    ("least-rights", role("secrets")),
    ("least-rights", role("pods/portforward", verbs=("create",))),
    ("least-rights", role("*")),
    ("least-rights", role("deployments", verbs=("*",))),
    ("least-rights", role("roles", verbs=("escalate",))),
    ("least-rights", role("resourcequotas", verbs=("update",))),
    ("within-the-namespace", add("ClusterRoleBinding")),
    ("within-the-namespace", move_the_route),
    (
        "within-the-namespace",
        add("ExternalSecret", spec={"secretStoreRef": {"kind": "ClusterSecretStore"}}),
    ),
    ("encrypted", put("Gateway", (*LISTENER, "protocol"), "HTTP")),
    ("gateway-alone", add("Ingress")),
    ("gateway-alone", put("Service", ("spec", "type"), "LoadBalancer")),
    ("gateway-alone", put("Service", ("spec", "externalIPs"), ["192.0.2.1"])),
    ("own-routes", put("Gateway", (*LISTENER, "allowedRoutes", "namespaces", "from"), "All")),
    ("closed-at-first", route("r-000000000000")),
    ("one-watcher", watching(replicas=2)),
    ("one-watcher", watching(strategy={"type": "RollingUpdate"})),
    ("one-watcher", without_liveness),
    ("no-secret", add("Secret")),
]


@pytest.mark.parametrize(("rule", "spoil"), CONTROLS)
def test_a_control_breaks_its_rule(rule: str, spoil: Spoil) -> None:
    assert rule in broken_by(spoil)


def test_a_watcher_breaks_no_rule() -> None:
    assert broken_by(watching()) == set()


def test_every_rule_has_a_control() -> None:
    assert {rule for rule, _ in CONTROLS} == {rule.name for rule in RULES}
