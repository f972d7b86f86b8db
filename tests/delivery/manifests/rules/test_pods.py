from __future__ import annotations

import pytest

from delivery.manifests.objects import Manifests
from delivery.manifests.rules.pods import RULES
from tests.delivery.manifests.controls import (
    CONTAINER,
    GONE,
    POD,
    Spoil,
    broken_by,
    listed,
    put,
    rendered,
)


def pod(*path: str | int, to: object) -> Spoil:
    return put("Deployment", (*POD, *path), to)


def container(*path: str | int, to: object) -> Spoil:
    return put("Deployment", (*CONTAINER, *path), to)


def variable(name: str) -> tuple[str | int, ...]:
    (deployment,) = rendered().of("Deployment")
    found = deployment["spec"]["template"]["spec"]["containers"][0]["env"]
    return ("env", listed(found, name), "value")


def as_delivery(spoiled: Manifests) -> None:
    """A release that takes the account of `delivery`, and with it the rights."""
    for name, value in (("serviceAccountName", "delivery"), ("automountServiceAccountToken", True)):
        pod(name, to=value)(spoiled)


TAG = "registry.invalid/model:latest"
ON_THE_NODE = [{"name": "tmp", "hostPath": {"path": "/"}}]
CONTROLS: list[tuple[str, Spoil]] = [
    ("image-by-digest", container("image", to=TAG)),
    ("image-by-digest", pod("initContainers", to=[{"name": "first", "image": TAG}])),
    ("not-root", pod("securityContext", "runAsNonRoot", to=GONE)),
    ("not-root", container("securityContext", "runAsUser", to=0)),
    ("not-root", container("securityContext", "runAsNonRoot", to=False)),
    ("no-escalation", container("securityContext", "allowPrivilegeEscalation", to=GONE)),
    ("no-escalation", container("securityContext", "privileged", to=True)),
    ("no-capabilities", container("securityContext", "capabilities", "add", to=["SYS_ADMIN"])),
    ("root-is-read-only", container("securityContext", "readOnlyRootFilesystem", to=False)),
    ("seccomp", pod("securityContext", "seccompProfile", "type", to="Unconfined")),
    ("nothing-of-the-node", pod("hostNetwork", to=True)),
    ("nothing-of-the-node", pod("volumes", to=ON_THE_NODE)),
    ("nothing-of-the-node", container("ports", 0, "hostPort", to=80)),
    ("no-token", pod("automountServiceAccountToken", to=True)),
    ("no-token", as_delivery),
    ("own-account", pod("serviceAccountName", to="default")),
    ("memory", container("resources", "limits", "memory", to="1Gi")),
    ("memory", container("resources", "limits", "memory", to=GONE)),
    ("processor", container("resources", "requests", "cpu", to=GONE)),
    ("disk", container("resources", "limits", "ephemeral-storage", to=GONE)),
    ("disk", pod("volumes", 0, "emptyDir", to={})),
    ("probes", container("startupProbe", to=GONE)),
    ("liveness-is-not-readiness", container("livenessProbe", "httpGet", "path", to="/readyz")),
    ("drain-is-seen", container("readinessProbe", "periodSeconds", to=5)),
    ("drain-is-seen", container(*variable("SERVING_DRAIN_SECONDS"), to="0")),
    ("grace", pod("terminationGracePeriodSeconds", to=19)),
    ("pre-stop", container("lifecycle", to=GONE)),
    ("no-secret-in-the-open", container("env", 0, to={"name": "SERVING_LOG_KEY", "value": "k"})),
    ("no-secret-in-the-open", container("env", 0, to={"name": "A_KEY", "value": "/etc/4K+aA=="})),
    ("spread", pod("topologySpreadConstraints", 0, to={"topologyKey": "kubernetes.io/hostname"})),
]


@pytest.mark.parametrize(("rule", "spoil"), CONTROLS)
def test_a_control_breaks_its_rule(rule: str, spoil: Spoil) -> None:
    assert rule in broken_by(spoil)


def test_every_rule_has_a_control() -> None:
    assert {rule for rule, _ in CONTROLS} == {rule.name for rule in RULES}
