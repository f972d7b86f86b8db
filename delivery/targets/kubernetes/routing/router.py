"""The router of one environment: the HTTPRoute that `delivery` alone writes.

What the object says is the truth about the weights, whoever wrote it. What `delivery` wrote stands
in an annotation, so that a change of another hand is seen and mended.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import httpx

from delivery.errors import HeldError, TargetError
from delivery.manifests.objects import Object
from delivery.targets.kubernetes.dividing.dividing import Dividing
from delivery.targets.kubernetes.dividing.lease import watched
from delivery.targets.kubernetes.dividing.records import PodRequests
from delivery.targets.kubernetes.kubectl import ConflictError, Kubectl
from delivery.targets.kubernetes.ownership import changes
from delivery.targets.kubernetes.routing.fence import ROUTE, Fence
from delivery.targets.kubernetes.routing.route import (
    DIVIDER,
    Route,
    refusals,
    weights_of,
    written,
)
from delivery.targets.mirror import Mirror
from delivery.targets.protocol import Lease, Requests
from delivery.targets.split import Split

if TYPE_CHECKING:
    from delivery.targets.kubernetes.dividing.lease import ClusterLease

ANY: Mapping[str, str] = {}
ATTEMPTS = 20  # writes that came second: the gateway writes the status of the same object
FOLLOWS = 60.0  # s: until the gateway does as the route says
IN_A_ROW = 5  # right answers: a gateway may have replicas that follow one after the other
ASK, POLL = 5.0, 0.2  # s
UNDIVIDED = (
    "a route of the Gateway API cannot keep a client with its release, and nothing ends a "
    "candidate's share when nobody watches it. Name an image of `delivery` as `divider` of the "
    "target (docs/kubernetes.md), or say `rollout: at_once` in delivery.yaml."
)
UNMIRRORED = "copies of requests cannot be sent here. `rollout: canary` or `at_once`."


@dataclass(frozen=True, slots=True)
class KubernetesRouter:
    """The route at `address`. `base` renders it closed; `running` names releases with a pod that
    is ready."""

    kubectl: Kubectl
    address: str
    fence: Fence
    base: Callable[[], Object]
    running: Callable[[], Set[str]]
    dividing: Dividing | None = None

    @property
    def url(self) -> str:
        return self.address

    def weights(self) -> Mapping[str, int]:
        """Release → percent, as the object in the cluster says."""
        route = self._read()
        return weights_of(route) if route else {}

    def set_weights(self, weights: Mapping[str, int]) -> None:
        """Route the traffic so, and wait until the gateway really does.

        Raises:
            TargetError: a release has no pod that is ready, or the gateway does not follow.
            HeldError: another writer took over.
        """
        wanted = {release: share for release, share in weights.items() if share}
        if any(share < 0 for share in wanted.values()) or sum(wanted.values()) not in (0, 100):
            raise ValueError(f"weights are percentages that add up to 100, or none: {weights}")
        self._require_running(wanted)
        self._put(lambda route: replace(route, weights=wanted, split=None))

    def admit(self, release: str) -> str:
        """Give a release an address of its own, without clients; waits until it answers there."""
        route = self._put(lambda route: replace(route, reached={*route.reached, release}))
        url = f"{self.url}{route.path(release)}"
        self._await(lambda client: self._says(client, f"{url}/release", {release}), release)
        return url

    def dismiss(self, keep: Set[str]) -> None:
        """Take the addresses of all others away; also that of the pods that divide clients, and
        these pods, once clients are not divided."""
        before = self._written()
        if before is None:
            return
        kept = {*keep, *([DIVIDER] if before.split else [])}
        if before.reached - kept:
            self._put(lambda route: replace(route, reached=frozenset(route.reached & kept)))
        if self.dividing and DIVIDER in before.reached - kept:
            self.dividing.end()

    def addresses(self) -> Mapping[str, str]:
        """Release → where it is asked."""
        route = self._written()
        reached = route.reached - {DIVIDER} if route else ()
        return {name: f"{self.url}{route.path(name)}" for name in reached} if route else {}

    def refresh(self) -> bool:
        """Write what `delivery` wrote last once more. Nothing is started for it."""
        self._put(lambda route: route)
        return False

    def changed(self) -> str:
        """What another hand made of the route, in words; empty where it is as it was written."""
        route = self._read()
        return _changed(route) if route else ""

    def problem(self) -> str:
        """What a refresh would mend, as the rest of a sentence about the router."""
        route = self._read()
        mine = written(route) if route else None
        if route is None or mine is None:
            return ""
        if said := _changed(route) or refusals(route):
            return said
        deadline = time.monotonic() + ASK
        with self._client() as client:
            while not self._follows(client, mine):
                if time.monotonic() > deadline:
                    return f"does not answer at {self.url} as its route says"
                time.sleep(POLL)
        return ""

    def stop(self) -> None:
        """Close the route: `delivery` may not delete it."""
        if self._read() is not None:
            self._put(lambda route: Route({}, frozenset(), route.token))
        if self.dividing:
            self.dividing.end()

    def split(self) -> Split | None:
        """How clients are divided; None where they are not."""
        route = self._written()
        return route.split if route else None

    def mirror(self) -> Mirror | None:
        """Nothing is mirrored here."""
        return None

    @contextmanager
    def watched(self) -> Iterator[Lease]:
        """A lease of this process, for as long as the block."""
        with watched(self._dividing.record) as lease:
            yield lease

    def divide(self, split: Split, lease: Lease) -> None:
        """Lead clients through pods that divide them, for as long as `lease` holds. Waits as
        `set_weights` does, and raises the same."""
        dividing = self._dividing
        self._require_running(split.weights)
        self.fence.require_turn()
        cast("ClusterLease", lease).carry(split)
        dividing.start()
        if not (url := self._divider()):
            self._put(lambda route: replace(route, reached={*route.reached, DIVIDER}))
            url = self._divider()
        self._await(lambda client: dividing.stamp(client, url) == split.stamp, DIVIDER)
        self._put(lambda route: replace(route, weights=split.weights, split=split))

    def reflect(self, mirror: Mirror, lease: Lease) -> None:  # noqa: ARG002 - the protocol has them
        """TargetError: `delivery check` says so before."""
        raise TargetError(f"{self.fence.environment}: {UNMIRRORED}")

    def is_under(self, lease: Lease) -> bool:
        """Has the candidate its slots under this lease?"""
        if self.dividing is None or self.split() is None:
            return False
        holder = self.dividing.record.read()["spec"].get("holderIdentity")
        return bool(holder == cast("ClusterLease", lease).identity)

    def is_watched(self) -> bool:
        """Has the candidate its slots under a lease that holds, whosever it is?"""
        divided = self.dividing and self.split()
        return bool(divided and self.dividing and self.dividing.is_watched(self._divider()))

    def requests(self, split: Split) -> Requests:
        """What was written down about the requests of an attempt; `samples` reads on."""
        return PodRequests(self._dividing.records, self._divider, split)

    @property
    def _dividing(self) -> Dividing:
        if self.dividing is None:
            raise TargetError(f"{self.fence.environment}: {UNDIVIDED}")
        return self.dividing

    def _divider(self) -> str:
        """Where the pods that divide clients are asked; empty where there are none."""
        route = self._written()
        there = route and DIVIDER in route.reached
        return f"{self.url}{route.path(DIVIDER)}" if route and there else ""

    def _require_running(self, weights: Mapping[str, int]) -> None:
        environment = self.fence.environment
        if missing := sorted(weights.keys() - self.running()):
            raise TargetError(
                f"{', '.join(missing)} does not run in {environment}, so it gets no traffic; the "
                f"route is unchanged. `delivery deploy {environment}` starts it."
            )

    def _read(self) -> Object | None:
        return self.kubectl.get(*ROUTE)

    def _written(self) -> Route | None:
        route = self._read()
        return written(route) if route else None

    def _put(self, edit: Callable[[Route], Route]) -> Route:
        """Write what `edit` makes of the last route of `delivery`, and wait until it is followed.
        It names the version of the object that it was made from."""
        base = self.base()
        for attempt in range(ATTEMPTS):
            self.fence.require_turn()
            there = self._read()
            epoch = self.fence.require_epoch(there)
            before = (written(there) if there else None) or _begun(there)
            route = edit(before)
            wanted = route.on(base, epoch)
            if there:
                version = there["metadata"]["resourceVersion"]
                wanted["metadata"] = {**wanted["metadata"], "resourceVersion": version}
            try:
                self.kubectl.apply([wanted])
                break
            except ConflictError as error:
                if attempt + 1 == ATTEMPTS:
                    raise HeldError(f"the route is written by somebody else: {error}") from error
        self._await(lambda client: self._follows(client, route), "the route")
        return route

    def _await(self, is_right: Callable[[httpx.Client], bool], what: str) -> None:
        """Until it is so several times in a row."""
        deadline, right = time.monotonic() + FOLLOWS, 0
        with self._client() as client:
            while right < IN_A_ROW and time.monotonic() < deadline:
                right = right + 1 if is_right(client) else 0
                if not right:
                    time.sleep(POLL)
        if right < IN_A_ROW:
            self.fence.require_turn()
            refused = refusals(self._read() or {}) or "it says nothing about why"
            raise TargetError(
                f"the gateway does not follow within {FOLLOWS:.0f} s ({what}, at {self.url}): "
                f"{refused}. `kubectl describe httproute {ROUTE[1]} -n {self.kubectl.namespace}`"
            )

    def _follows(self, client: httpx.Client, route: Route) -> bool:
        """Does a client meet this version, and a release that it leads to?"""
        url = f"{self.url}{route.path('route')}"
        if route.weights:
            return self._says(client, url, set(route.weights), route.says)
        with suppress(httpx.TransportError):
            return client.get(self.url).status_code in (404, 500, 502, 503)
        return False

    def _says(
        self, client: httpx.Client, url: str, releases: Set[str], head: Mapping[str, str] = ANY
    ) -> bool:
        with suppress(httpx.TransportError, ValueError, KeyError, TypeError):
            answer = client.get(url)
            fits = all(answer.headers.get(name) == value for name, value in head.items())
            return fits and json.loads(answer.content)["release"] in releases
        return False

    def _client(self) -> httpx.Client:
        """A new connection for each request, so that every answer comes from what is there now.
        Certificates are loaded only where there are any."""
        alone = httpx.Limits(max_keepalive_connections=0)
        return httpx.Client(timeout=ASK, limits=alone, verify=self.url.startswith("https:"))


def _changed(route: Object) -> str:
    mine = written(route)
    found = [*changes({"spec": route["spec"]}, route)]
    if mine and not found and weights_of(route) != mine.weights:
        found = ["somebody changed .spec.rules"]
    return f"was changed by another hand: {'; '.join(found)}" if mine and found else ""


def _begun(there: Object | None) -> Route:
    """The first, over what somebody else may have put there."""
    return Route(weights_of(there) if there else {}, frozenset(), secrets.token_hex(8))
