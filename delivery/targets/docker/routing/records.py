"""What the router wrote down about requests, copied from the volume of its environment.

records/access.log    a JSON object a line, as Traefik writes it
records/attempt       which attempt they are about
records/lost          is there once some are known to be missing
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from delivery.targets.docker.state.volume import Volume
from delivery.targets.local.routing.records import Records
from delivery.targets.local.routing.requests import Requests
from delivery.targets.split import Split

LOG, ATTEMPT, LOST = "records/access.log", "records/attempt", "records/lost"


@dataclass(frozen=True)
class VolumeRecords(Records):
    """Those in `volume`, as far as they were copied to `folder` on this machine."""

    volume: Volume
    _read: dict[str, int] = field(default_factory=dict)

    @property
    def lost(self) -> bool:
        return (self.volume / LOST).exists()

    def begin(self, attempt: str, reopen: Callable[[], None]) -> None:
        """Forget what is about another attempt."""
        about = self.volume / ATTEMPT
        if about.exists() and about.read_text() == attempt:
            return
        for name in (LOG, LOST):
            (self.volume / name).unlink(missing_ok=True)
        reopen()
        about.write_whole(attempt)

    def miss(self) -> None:
        """Remember that some are missing, whoever reads on."""
        (self.volume / LOST).write_whole("")

    def copy(self) -> None:
        """What was added since."""
        self.file.touch()
        while True:
            offset = self._read.get("size", 0)
            added = self.volume.ask("tail", name=LOG, offset=offset)
            if "missing" in added:
                return self.miss()
            if self._read.setdefault("file", added["file"]) != added["file"]:
                self._read.update(file=added["file"], size=0)  # somebody moved it away
                self.miss()
            elif added["size"] < offset:
                self._read["size"] = 0  # somebody cut it off
                self.miss()
            elif data := base64.b64decode(added["data"]):
                with self.file.open("ab") as file:
                    file.write(data)
                self._read["size"] = offset + len(data)
            else:
                return None


class ContainerRequests(Requests):
    """The samples of an attempt, read from a copy."""

    def __init__(self, volume: Volume, split: Split) -> None:
        self._home = TemporaryDirectory(prefix="delivery-records-")
        self._copied = VolumeRecords(Path(self._home.name), volume)
        super().__init__(self._copied, split)

    def _lines(self) -> Iterator[bytes]:
        self._copied.copy()
        return super()._lines()
