"""kubectl with objects in and out, in one namespace of one cluster, and its refusals in words.

Credentials are kubectl's own affair: a kubeconfig, a plugin of a cloud, or the account of a pod.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from delivery.errors import DeliveryError, HeldError, TargetError
from delivery.files import program
from delivery.manifests.objects import Object
from delivery.targets.kubernetes.ownership import MANAGER

WHOLE = ("--output=json", "--show-managed-fields")
ANSWER = 30.0  # s: how long the API server may take
CLOSED = (
    "connection refused|was refused|no such host|i/o timeout|TLS handshake timeout"
    "|unexpected EOF|connection reset|deadline exceeded|Service ?Unavailable"
    "|the server is currently unable|etcdserver|http2: client connection lost"
)
# What the place lacks → who mends it. It says nothing about a release, so it only holds.
LACKS: Mapping[str, str] = {
    r"exceeded quota": "its quota is full. Raise it, or retire what is not needed",
    r"namespaces? \"[^\"]*\" not found": (
        "its namespace is not there. docs/kubernetes.md says what a person does once"
    ),
    r"\(Forbidden\)|cannot \w+ resource|Unauthorized|must be logged in": (
        "`delivery` may not do this. infra/base/environment/role.yaml has the rights that it needs"
    ),
    r"doesn't have a resource type|no matches for kind|could not find the requested resource": (
        "a kind of object is unknown. Install the resources of the Gateway API"
    ),
    r"context \"[^\"]*\" does not exist|context was not found|invalid configuration": (
        "the kubeconfig does not lead there. `kubectl config get-contexts` shows what it knows"
    ),
}


class ConflictError(TargetError):
    """Somebody else wrote the object first, or owns what was to be written."""


class UnreachableError(TargetError):
    """The API server does not answer."""


@dataclass(frozen=True, slots=True)
class Kubectl:
    """kubectl for `namespace` of the cluster that `context` of the kubeconfig names; an empty
    context is the current one, or the cluster of the pod."""

    context: str
    namespace: str

    def get(self, kind: str, name: str) -> Object | None:
        """An object; None where there is none."""
        text = self._ask("get", kind, name, "--ignore-not-found", *WHOLE)
        return dict(json.loads(text)) if text.strip() else None

    def find(self, kinds: str, selector: str) -> Sequence[Object]:
        """The objects of these kinds (with commas between) that have these labels."""
        text = self._ask("get", kinds, f"--selector={selector}", *WHOLE)
        return list(json.loads(text)["items"])

    def apply(self, objects: Sequence[Object], manager: str = MANAGER) -> None:
        """Make these objects so, by server-side apply: fields that another manager took are taken
        back. One with a resourceVersion has to be still that one.

        Raises:
            ConflictError: it is not.
        """
        self._write("apply", *_apply(manager), "--force-conflicts", objects=objects)

    def try_out(self, objects: Sequence[Object]) -> None:
        """Would the cluster take these objects? Changes nothing.

        Raises:
            ConflictError: another manager has what they say.
        """
        self._write("apply", *_apply(MANAGER), "--dry-run=server", objects=objects)

    def create(self, wanted: Object) -> Object:
        """ConflictError where it is there already."""
        return self._written("create", wanted)

    def replace(self, wanted: Object) -> Object:
        """ConflictError unless its resourceVersion is the one that is there."""
        return self._written("replace", wanted)

    def delete(self, kinds: str, selector: str, seconds: float) -> None:
        """Delete the objects of these kinds with these labels; wait until they are gone."""
        options = ("--ignore-not-found", "--cascade=foreground", f"--timeout={seconds:.0f}s")
        self._ask("delete", kinds, f"--selector={selector}", *options, limit=seconds + ANSWER)

    def _written(self, verb: str, wanted: Object) -> Object:
        return dict(json.loads(self._write(verb, _by(MANAGER), "--output=json", objects=[wanted])))

    def _write(self, *arguments: str, objects: Sequence[Object]) -> str:
        listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        sent: Any = objects[0] if len(objects) == 1 else listed
        return self._ask(*arguments, "--filename=-", text=json.dumps(sent))

    def _ask(self, *arguments: str, text: str = "", limit: float = ANSWER + 10) -> str:
        options = (f"--namespace={self.namespace}", f"--request-timeout={ANSWER:.0f}s")
        context = [f"--context={self.context}"] if self.context else []
        waits = arguments[0] == "delete"  # with a limit of its own
        command = [program("kubectl"), *arguments, *options[: 1 if waits else 2], *context]
        try:
            done = subprocess.run(
                command, input=text, capture_output=True, text=True, timeout=limit, check=False
            )
        except subprocess.TimeoutExpired as error:
            said = f"kubectl {arguments[0]}: no answer within {limit:.0f} s"
            raise UnreachableError(f"{self}: {said}") from error
        if done.returncode:
            raise self._refusal(arguments[0], done.stderr.strip())
        return done.stdout

    def _refusal(self, verb: str, said: str) -> DeliveryError:
        whole = f"{self}: kubectl {verb}: {said[-1500:]}"
        if re.search(CLOSED, said):
            return UnreachableError(f"{whole}. Is the API server there? Run this again.")
        if re.search(
            r"\(Conflict\)|\(AlreadyExists\)|conflicts? with|object has been modified", said
        ):
            return ConflictError(said)
        for pattern, cure in LACKS.items():
            if re.search(pattern, said):
                return HeldError(f"{self}: {cure}. The cluster says: {said[-1000:]}")
        return TargetError(whole)

    def __str__(self) -> str:
        return f"namespace {self.namespace} of {self.context or 'the cluster'}"


def _apply(manager: str) -> Sequence[str]:
    return ("--server-side", "--validate=strict", _by(manager))


def _by(manager: str) -> str:
    return f"--field-manager={manager}"
