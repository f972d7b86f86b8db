"""Rules for pods: what they may do on a node, what they get of it, and how they end."""

from __future__ import annotations

import re
from typing import Any

from delivery.manifests.objects import Manifests, at, named
from delivery.manifests.rules.rule import (
    Complaints,
    Rule,
    containers,
    every,
    pod_of,
    pods,
    seconds,
)
from serving.settings.host import DRAIN_SECONDS

BY_DIGEST = re.compile(r"\S+@sha256:[0-9a-f]{64}")
SECRET = re.compile(r"KEY|SECRET|PASSWORD|TOKEN|CREDENTIAL", re.IGNORECASE)
ACCOUNT = "delivery"  # the one that infra/base/environment/role.yaml gives rights to
MOUNTED = re.compile(r"/etc/[a-z][a-z/-]*")  # the name of a file that holds the secret
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
REQUEST = 10.0  # s: what docs/serving.md says of the time limit of a request
SPREAD = ("kubernetes.io/hostname", "topology.kubernetes.io/zone")


def image_by_digest(manifests: Manifests) -> Complaints:
    for name, each in containers(manifests):
        if not BY_DIGEST.fullmatch(str(each.get("image"))):
            yield name, f"has the image {each.get('image')}, expected name@sha256:…"


def not_root(manifests: Manifests) -> Complaints:
    yield from every(pods(manifests), ["securityContext", "runAsNonRoot"], True)
    for name, each in containers(manifests):
        if at(each, "securityContext", "runAsNonRoot") is False:
            yield name, "takes runAsNonRoot back"
        if at(each, "securityContext", "runAsUser") == 0:
            yield name, "runs as user 0"


def no_escalation(manifests: Manifests) -> Complaints:
    yield from every(containers(manifests), ["securityContext", "allowPrivilegeEscalation"], False)
    for name, each in containers(manifests):
        if at(each, "securityContext", "privileged"):
            yield name, "is privileged"


def no_capabilities(manifests: Manifests) -> Complaints:
    yield from every(containers(manifests), ["securityContext", "capabilities"], {"drop": ["ALL"]})


def root_is_read_only(manifests: Manifests) -> Complaints:
    yield from every(containers(manifests), ["securityContext", "readOnlyRootFilesystem"], True)


def seccomp(manifests: Manifests) -> Complaints:
    wanted = {"type": "RuntimeDefault"}
    yield from every(pods(manifests), ["securityContext", "seccompProfile"], wanted)


def nothing_of_the_node(manifests: Manifests) -> Complaints:
    for name, pod in pods(manifests):
        for key in ("hostNetwork", "hostPID", "hostIPC"):
            if pod.get(key):
                yield name, f"has {key}"
        for volume in pod.get("volumes") or ():
            if "hostPath" in volume:
                yield name, f"has the volume {volume.get('name')} on its node"
    for name, each in containers(manifests):
        if any(port.get("hostPort") for port in each.get("ports") or ()):
            yield name, "takes a port of its node"


def no_token(manifests: Manifests) -> Complaints:
    """But for `delivery`, which is what the Role is for, and for the pods that divide clients,
    whose account may read two things; no release may pass for them."""
    serving = {named(each) for each in manifests.release}
    dividers = {named(each) for each in manifests.divider}
    for name, pod in pods(manifests):
        trusted = pod.get("serviceAccountName") == ACCOUNT and name not in serving
        if name in dividers or trusted:
            continue
        if pod.get("automountServiceAccountToken") is not False:
            yield name, "has a token of the cluster, expected automountServiceAccountToken: false"


def own_account(manifests: Manifests) -> Complaints:
    for name, pod in pods(manifests):
        if pod.get("serviceAccountName") in (None, "default"):
            yield name, "runs under the account that all pods have"


def memory(manifests: Manifests) -> Complaints:
    """A pod that may take more than it asked for is the first that a full node ends."""
    for name, each in containers(manifests):
        asked, limit = (at(each, "resources", key, "memory") for key in ("requests", "limits"))
        if not limit or asked != limit:
            yield name, f"asks for memory {asked} and is limited to {limit}, expected the same"


def processor(manifests: Manifests) -> Complaints:
    for name, each in containers(manifests):
        if not at(each, "resources", "requests", "cpu"):
            yield name, "asks for no share of a processor, which the autoscaler reckons with"


def disk(manifests: Manifests) -> Complaints:
    for name, each in containers(manifests):
        if not at(each, "resources", "limits", "ephemeral-storage"):
            yield name, "has no limit of ephemeral-storage"
    for name, pod in pods(manifests):
        for volume in pod.get("volumes") or ():
            if "emptyDir" in volume and not at(volume, "emptyDir", "sizeLimit"):
                yield name, f"has the volume {volume.get('name')} without a sizeLimit"


def probes(manifests: Manifests) -> Complaints:
    for name, each in _serving(manifests):
        for probe in PROBES:
            if not each.get(probe):
                yield name, f"has no {probe}"


def liveness_is_not_readiness(manifests: Manifests) -> Complaints:
    """A pod that drains is not ready, and must not be ended for it."""
    for name, each in _serving(manifests):
        ready, alive = (at(each, probe, "httpGet", "path") for probe in PROBES[1:])
        if ready == alive or alive == "/readyz":
            yield name, f"is ended where {alive} fails, which a draining pod does"


def drain_is_seen(manifests: Manifests) -> Complaints:
    """While it drains it answers, and the readiness has to be asked in that time."""
    for name, each in _serving(manifests):
        probe = each.get("readinessProbe") or {}
        look = seconds(probe.get("periodSeconds", 10)) * seconds(probe.get("failureThreshold", 3))
        if _drain(each) <= look:
            yield name, f"drains for {_drain(each):g} s, and its readiness takes {look:g} s to turn"


def grace(manifests: Manifests) -> Complaints:
    for name, pod in pods(manifests):
        needed = max(
            (_pre_stop(each) + _drain(each) + REQUEST for each in pod.get("containers") or ()),
            default=0.0,
        )
        given = seconds(pod.get("terminationGracePeriodSeconds", 30))
        if given < needed:
            yield name, f"gets {given:g} s to end, and needs {needed:g}: preStop, drain, a request"


def pre_stop(manifests: Manifests) -> Complaints:
    for name, each in _serving(manifests):
        if not _pre_stop(each):
            yield name, "is told to end before the gateway knows: it has no preStop sleep"


def no_secret_in_the_open(manifests: Manifests) -> Complaints:
    for name, each in containers(manifests):
        for variable in each.get("env") or ():
            value = str(variable.get("value") or "")
            if value and SECRET.search(variable["name"]) and not MOUNTED.fullmatch(value):
                yield name, f"has {variable['name']} in the open, expected a secretKeyRef"


def spread(manifests: Manifests) -> Complaints:
    for name, pod in ((named(each), pod_of(each)) for each in manifests.release if pod_of(each)):
        keys = {each.get("topologyKey") for each in pod.get("topologySpreadConstraints") or ()}
        for missing in sorted(set(SPREAD) - keys):
            yield name, f"is not spread over {missing}"


def _serving(manifests: Manifests) -> Any:
    """The containers that clients reach."""
    return ((name, each) for name, each in containers(manifests) if each.get("ports"))


def _drain(container: Any) -> float:
    variables = {each["name"]: each.get("value") for each in container.get("env") or ()}
    return seconds(variables.get(DRAIN_SECONDS))


def _pre_stop(container: Any) -> float:
    return seconds(at(container, "lifecycle", "preStop", "sleep", "seconds"))


RULES = (
    Rule("image-by-digest", "a tag that somebody moved", image_by_digest),
    Rule("not-root", "a process with the rights of root", not_root),
    Rule("no-escalation", "a process that gets more rights", no_escalation),
    Rule("no-capabilities", "rights of the kernel that nobody needs", no_capabilities),
    Rule("root-is-read-only", "an intruder who stays", root_is_read_only),
    Rule("seccomp", "system calls that nobody needs", seccomp),
    Rule("nothing-of-the-node", "a pod that reaches its node", nothing_of_the_node),
    Rule("no-token", "a model with credentials of the cluster", no_token),
    Rule("own-account", "rights that were given to all pods", own_account),
    Rule("memory", "a pod that is ended for its neighbours", memory),
    Rule("processor", "an autoscaler without a measure", processor),
    Rule("disk", "a full disk of a node", disk),
    Rule("probes", "clients at a pod that is not ready", probes),
    Rule("liveness-is-not-readiness", "a pod ended in its drain", liveness_is_not_readiness),
    Rule("drain-is-seen", "requests lost when a pod ends", drain_is_seen),
    Rule("grace", "requests cut off when a pod ends", grace),
    Rule("pre-stop", "requests sent to a pod that ends", pre_stop),
    Rule("no-secret-in-the-open", "a secret that everybody reads", no_secret_in_the_open),
    Rule("spread", "all pods on the node that fails", spread),
)
