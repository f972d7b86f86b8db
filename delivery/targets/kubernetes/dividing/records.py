"""What the pods that divide clients wrote down about requests, copied to this machine.

    <folder>/<attempt>/<pod>.log    as Traefik writes it
    <folder>/<attempt>/lost         is there once some are known to be missing

Whichever pod is asked answers; the gateway takes one after the other.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from delivery.targets.kubernetes.dividing.divider import CHUNK, POD
from delivery.targets.local.routing.records import Records
from delivery.targets.local.routing.requests import Requests
from delivery.targets.split import Split

ENOUGH = 4  # answers in a row of pods that had little to add: it is two pods
TRIES = 200

ASK = 5.0  # s


@dataclass(frozen=True)
class PodRecords(Records):
    """Those of one attempt, as far as they were copied to `folder`. `where` is the URL of the pods;
    empty once there are none."""

    where: Callable[[], str]

    @property
    def file(self) -> Path:
        return self.folder

    def files(self) -> Sequence[Path]:
        return sorted(self.folder.glob("*.log"))

    def copy(self) -> None:
        """What was added since. A pod that had some and answers no more has lost them."""
        if not (url := self.where()):
            return
        awaited, idle = {path.stem for path in self.files()}, 0
        alone = httpx.Limits(max_keepalive_connections=0)
        with httpx.Client(timeout=ASK, limits=alone, verify=url.startswith("https:")) as client:
            for _ in range(TRIES):
                pod, added = self._added(client, f"{url}/records")
                awaited.discard(pod)
                idle = 0 if len(added) >= CHUNK else idle + 1
                if idle >= ENOUGH:
                    break
        if awaited:
            self.miss()

    def _added(self, client: httpx.Client, url: str) -> tuple[str, bytes]:
        """The pod that answered, and what it had beyond what is here; empty if none answered."""
        here = {path.stem: path.stat().st_size for path in self.files()}
        with suppress(httpx.TransportError):
            answer = client.get(url, params=here)
            if answer.is_success and (pod := answer.headers.get(POD)):
                with (self.folder / f"{pod}.log").open("ab") as file:
                    file.write(answer.content)
                return pod, answer.content
        return "", b""


class PodRequests(Requests):
    """The samples of an attempt, read from a copy."""

    def __init__(self, folder: Path, where: Callable[[], str], split: Split) -> None:
        self._copied = PodRecords(folder / split.attempt[:12], where)
        for other in folder.glob("*"):
            if other != self._copied.folder:
                shutil.rmtree(other)
        self._copied.folder.mkdir(parents=True, exist_ok=True)
        super().__init__(self._copied, split)

    def _lines(self) -> Iterator[bytes]:
        self._copied.copy()
        return super()._lines()
