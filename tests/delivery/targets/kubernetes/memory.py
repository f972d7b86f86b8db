"""A cluster in memory that kubectl would show, and a gateway that does as its HTTPRoute says.

The real ones have their own tests in tests/cluster; these can be disturbed between two calls.
"""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from delivery.manifests.objects import Object
from delivery.targets.kubernetes.dividing.lease import split_of
from delivery.targets.kubernetes.kubectl import ConflictError

NAMES = {
    "lease": "Lease",
    "httproutes.gateway.networking.k8s.io": "HTTPRoute",
    "deployments": "Deployment",
    "services": "Service",
    "horizontalpodautoscalers": "HorizontalPodAutoscaler",
    "poddisruptionbudgets": "PodDisruptionBudget",
    "pods": "Pod",
    "scaledobjects.keda.sh": "ScaledObject",
}
READY = {"observedGeneration": 1, "updatedReplicas": 1, "replicas": 1, "readyReplicas": 1}


@dataclass
class Memory:
    """The objects of one namespace by kind and name. `disturb` is called before each write;
    `status` makes that of a Deployment that was applied."""

    namespace: str = "model-staging"
    objects: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    version: int = 0
    disturb: Callable[[], None] = lambda: None
    status: Callable[[str], Any] = lambda _: READY

    def get(self, kind: str, name: str) -> Object | None:
        return copy.deepcopy(self.objects.get((NAMES[kind], name)))

    def find(self, kinds: str, selector: str) -> Sequence[Object]:
        key, _, value = selector.partition("=")
        wanted = {NAMES[kind] for kind in kinds.split(",")}
        return [
            copy.deepcopy(each)
            for each in self.objects.values()
            if each["kind"] in wanted and each["metadata"].get("labels", {}).get(key) == value
        ]

    def apply(self, objects: Sequence[Object], manager: str = "delivery") -> None:
        for each in objects:
            self._put(each, needs_version=False)

    def try_out(self, objects: Sequence[Object]) -> None:
        self.disturb()

    def create(self, wanted: Object) -> Object:
        if (wanted["kind"], wanted["metadata"]["name"]) in self.objects:
            raise ConflictError("already exists")
        return self._put(wanted, needs_version=False)

    def replace(self, wanted: Object) -> Object:
        return self._put(wanted, needs_version=True)

    def delete(self, kinds: str, selector: str, seconds: float) -> None:
        self.disturb()
        for each in self.find(kinds, selector):
            del self.objects[each["kind"], each["metadata"]["name"]]

    def _put(self, wanted: Object, *, needs_version: bool) -> Object:
        self.disturb()
        key = wanted["kind"], wanted["metadata"]["name"]
        there = self.objects.get(key)
        named = wanted["metadata"].get("resourceVersion")
        if (named or needs_version) and (there is None or named != _version(there)):
            raise ConflictError("the object has been modified")
        self.version += 1
        made = copy.deepcopy(dict(wanted))
        made["metadata"] |= {"resourceVersion": str(self.version), "generation": 1}
        if made["kind"] == "Deployment":
            made["status"] = self.status(key[1])
        self.objects[key] = made
        return copy.deepcopy(made)

    def __str__(self) -> str:
        return f"namespace {self.namespace} of memory"


def _version(found: Object) -> str:
    return str(found["metadata"]["resourceVersion"])


@contextmanager
def gateway(memory: Memory) -> Iterator[str]:
    """Its URL. It answers by the rules of the route; a release as itself, the heaviest first."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            route = memory.objects.get(("HTTPRoute", "model"))
            rules = route["spec"]["rules"] if route else []
            fits = [rule for rule in rules if self.path.startswith(_prefix(rule))]
            rule = max(fits, key=lambda rule: len(_prefix(rule)), default=None)
            backends = [b for b in rule["backendRefs"] if b["name"] != "closed"] if rule else []
            self.send_response(200 if backends else 503)
            for each in rule.get("filters", []) if rule else []:
                for header in each.get("responseHeaderModifier", {}).get("set", []):
                    self.send_header(header["name"], header["value"])
            names = [each["name"] for each in sorted(backends, key=lambda each: -each["weight"])]
            told = {"release": names[0] if names else ""}
            if names == ["divider"]:
                told = self._divided()
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())

        def _divided(self) -> dict[str, Any]:
            """As the pods do that follow the Lease."""
            lease = memory.objects["Lease", "divider"]
            split = split_of(lease)
            assert split
            self.send_header("X-Delivery-Step", split.stamp)
            watched = bool(lease["spec"].get("holderIdentity"))
            return {"release": split.champion, "stamp": split.stamp, "watched": watched}

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _prefix(rule: Any) -> str:
    return str(rule["matches"][0]["path"]["value"]) if "matches" in rule else "/"
