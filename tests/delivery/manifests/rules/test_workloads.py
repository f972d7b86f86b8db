from __future__ import annotations

import pytest

from delivery.manifests.rules.workloads import RULES
from tests.delivery.manifests.controls import GONE, RELEASE, Spoil, add, broken_by, drop, put

SCALER, BUDGET = "HorizontalPodAutoscaler", "PodDisruptionBudget"
NOTES = ("metadata", "annotations")
KEDA = {"scaleTargetRef": {"name": "other"}, "minReplicaCount": 1, "fallback": {"replicas": 2}}
TRIGGER = {"metadata": {"ignoreNullValues": "false"}}


def keda(**spec: object) -> Spoil:
    return add("ScaledObject", spec={**KEDA, "triggers": [TRIGGER], **spec})


def monitor(port: str, labels: dict[str, str]) -> Spoil:
    spec = {"selector": {"matchLabels": labels}, "endpoints": [{"port": port}]}
    return add("ServiceMonitor", spec=spec)


def path(*steps: str) -> tuple[str, ...]:
    return ("spec", *steps)


CONTROLS: list[tuple[str, Spoil]] = [
    ("no-replicas", put("Deployment", path("replicas"), 3)),
    ("one-scaler", drop(SCALER)),
    ("one-scaler", put(SCALER, path("scaleTargetRef", "name"), "other")),
    ("no-floor", put(SCALER, path("minReplicas"), 2)),
    ("slow-to-shrink", put(SCALER, path("behavior", "scaleDown", "stabilizationWindowSeconds"), 0)),
    ("keda-stays-up", keda(minReplicaCount=0)),
    ("keda-stays-up", keda(fallback={})),
    ("keda-stays-up", keda(triggers=[{"metadata": {}}])),
    ("rolls-without-loss", put("Deployment", path("strategy"), {"type": "Recreate"})),
    ("budget", drop(BUDGET)),
    ("budget", put(BUDGET, path("maxUnavailable"), 0)),
    ("budget", put(BUDGET, path("unhealthyPodEvictionPolicy"), GONE)),
    ("keeps-to-its-release", add("Service", RELEASE, spec={"selector": {"a": "b"}})),
    ("keeps-to-its-release", put("Deployment", path("selector", "matchLabels"), {"a": "b"})),
    ("found", monitor("http", {"app.kubernetes.io/name": "other"})),
    ("found", monitor("https", {"app.kubernetes.io/name": "model"})),
    ("found", put("Service", path("selector", "delivery/release"), "r-111111111111")),
    ("stays-until-retired", put("Deployment", NOTES, {})),
    ("stays-until-retired", put("Service", (*NOTES, "kustomize.toolkit.fluxcd.io/prune"), GONE)),
]


@pytest.mark.parametrize(("rule", "spoil"), CONTROLS)
def test_a_control_breaks_its_rule(rule: str, spoil: Spoil) -> None:
    assert rule in broken_by(spoil)


def test_keda_that_stays_up_keeps_the_rules() -> None:
    assert broken_by(keda()) == set()


def test_every_rule_has_a_control() -> None:
    assert {rule for rule, _ in CONTROLS} == {rule.name for rule in RULES}
