"""The router of one environment: a Traefik of its own, and the one file that it reads.

That file is the truth about the route. It is replaced in one step and Traefik is told by SIGHUP,
so nothing depends on file watching. Requests that are under way stay with the release that has
them; nothing is retried, so a failure of a release is seen.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from delivery.errors import TargetError
from delivery.processes.process import Process
from delivery.targets.local.routing.certificate import certificate
from delivery.targets.local.routing.configuration import Plan, Rollout, configuration
from delivery.targets.local.routing.fence import Fence
from delivery.targets.local.routing.lease import is_held, port_of, watched
from delivery.targets.local.routing.mirroring import Reflection
from delivery.targets.local.routing.requests import Requests
from delivery.targets.local.routing.route_file import RouteFile
from delivery.targets.local.routing.traefik import Traefik
from delivery.targets.mirror import Mirror
from delivery.targets.protocol import Lease
from delivery.targets.split import Split
from delivery.targets.state import write

NOBODY: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class LocalRouter:
    """Traefik on 127.0.0.1:`port`, with its state in `folder`.

    `addresses` gives the URLs of the releases that are alive; the share of one that is not is
    answered 503.
    """

    folder: Path
    port: int
    environment: str
    addresses: Callable[[], Mapping[str, str]]
    fence: Fence

    @property
    def traefik(self) -> Traefik:
        return Traefik(self.folder, self.port, self.environment, self._routes)

    @property
    def process(self) -> Process:
        return self.traefik.process

    @property
    def file(self) -> RouteFile:
        return RouteFile(self._routes / "route.yml")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def in_order(self) -> bool:
        """Does it run, by a file that can be read?"""
        return self.file.readable and self.traefik.runs

    def weights(self) -> Mapping[str, int]:
        """Release → percent, as the file says; empty where it is closed or was never there. See
        `problem` for whether anything keeps to it.

        If the file is lost under a router that runs, that router says which release has all
        the traffic.
        """
        if self.file.readable:
            return self.file.weights()
        release = self.traefik.probe.release() if self.process.members() else ""
        return {release: 100} if release else {}

    def problem(self) -> str:
        """What `refresh` would mend; empty where it was never asked to run."""
        if not self.file.path.exists() and not self.process.members():
            return ""
        if not self.file.readable:
            return f"has lost its file {self.file.path.name}"
        return self.traefik.problem(self.file.version())

    def set_weights(self, weights: Mapping[str, int]) -> None:
        """Route the traffic so, and wait until the route answers so. Starts Traefik if need be.

        Raises:
            InputError: something else listens on the port.
            TargetError: a release does not run, Traefik does not start, or does not do as it was
                told.
        """
        wanted = {release: share for release, share in weights.items() if share}
        if any(share < 0 for share in wanted.values()) or sum(wanted.values()) not in (0, 100):
            raise ValueError(f"weights are percentages that add up to 100, or none: {weights}")
        self._apply(wanted, self._addresses(wanted), set(wanted), None)

    def split(self) -> Split | None:
        """How clients are divided; None where they are not."""
        plan = self.file.plan()
        return plan.split if isinstance(plan, Rollout) else None

    def mirror(self) -> Mirror | None:
        """What is mirrored; None where nothing is."""
        plan = self.file.plan()
        return plan.mirror if isinstance(plan, Reflection) else None

    def watched(self) -> AbstractContextManager[Lease]:
        """A lease of this process, for as long as the block."""
        return watched()

    def divide(self, split: Split, lease: Lease) -> None:
        """Give the candidate its slots for as long as `lease` is renewed; otherwise its clients
        are answered by the champion. Waits as `set_weights` does, and raises the same."""
        addresses = self._addresses(split.weights)
        rollout = Rollout(split, port_of(lease))
        with self.fence.write():
            self.traefik.records.begin(split.attempt, self.traefik.reopen)
        self._apply(split.weights, addresses, set(split.weights), rollout)

    def reflect(self, mirror: Mirror, lease: Lease) -> None:
        """Send copies of predictions to the candidate for as long as `lease` is renewed; the
        champion answers everybody. Waits as `set_weights` does, and raises the same."""
        weights = {mirror.champion: 100}
        addresses = self._addresses({**weights, mirror.candidate: 0})
        self._apply(weights, addresses, set(weights), Reflection(mirror, port_of(lease)))

    def refresh(self, neighbours: Mapping[str, str] = NOBODY) -> bool:
        """Put the same weights in force for the releases that are alive now; True if Traefik had
        to be started for it. `neighbours` maps a release that does not answer to another that
        answers its share until the next call.

        Raises:
            TargetError: nobody knows the weights any more; or as `set_weights`.
        """
        if self.file.path.exists() and not self.file.readable and not self.weights():
            raise TargetError(
                f"the route of {self.environment} is lost: {self.file.path} cannot be read, and "
                f"nothing answers that would tell it. `delivery deploy {self.environment}`."
            )
        return self.bring_up(neighbours)

    def bring_up(self, neighbours: Mapping[str, str] = NOBODY) -> bool:
        """The same, but where nobody knows the weights the route is closed for now."""
        weights, addresses = self.weights(), dict(self.addresses())
        answering = {neighbours.get(name, name) for name in weights} & addresses.keys()
        for release, neighbour in neighbours.items():
            addresses[release] = addresses[neighbour]
        before = self.process.leader()
        self._apply(weights, addresses, answering, self.file.plan())
        return self.process.leader() != before

    def stop(self) -> None:
        """End Traefik and forget the route."""
        self.fence.require_turn()
        self.traefik.stop()
        self.file.path.unlink(missing_ok=True)

    def is_under(self, lease: Lease) -> bool:
        """Has the candidate its slots, or its copies, under this lease?"""
        plan = self.file.plan()
        return plan is not None and plan.lease == port_of(lease)

    def is_watched(self) -> bool:
        """Has the candidate its slots or copies under a lease that holds, whosever it is?"""
        plan = self.file.plan()
        return plan is not None and is_held(plan.lease)

    def requests(self, split: Split) -> Requests:
        """What was written down about the requests of an attempt; `samples` reads on."""
        return Requests(self.traefik.records, split)

    def _addresses(self, weights: Mapping[str, int]) -> Mapping[str, str]:
        """Of what is alive. TargetError where one that shall have traffic is not."""
        addresses = self.addresses()
        if missing := sorted(weights.keys() - addresses.keys()):
            raise TargetError(
                f"{', '.join(missing)} does not run in {self.environment}, so it gets no traffic; "
                f"the route is unchanged. `delivery deploy {self.environment}` starts it."
            )
        return addresses

    def _apply(
        self,
        weights: Mapping[str, int],
        addresses: Mapping[str, str],
        answering: set[str],
        plan: Plan | None,
    ) -> None:
        """Write the route and put it in force; one of `answering` answers then."""
        routes, version = configuration(weights, addresses, plan)
        content = {"http": routes, "tls": self._tls()}
        with self.fence.write():
            write(self.file.path, json.dumps(content, indent=1) + "\n")
        try:
            self.traefik.obey(version, answering)
        except TargetError:
            self.fence.require_turn()  # it obeys whoever took over
            raise

    @property
    def _routes(self) -> Path:
        return self.folder / "dynamic"

    def _tls(self) -> Mapping[str, Any]:
        file, key = certificate(self.folder.absolute() / "tls")
        default = {"certFile": str(file), "keyFile": str(key)}
        return {"stores": {"default": {"defaultCertificate": default}}}
