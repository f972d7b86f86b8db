"""The instances of one environment, as their files tell: what was started, where, and if it lives.

    <folder>/<release>/    delivery.bento.server.Server, and instance.json once it is ready

A process that died, by itself or with the machine, is seen by its pid file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from delivery.bento.server import Server
from delivery.files import write_whole
from delivery.targets.protocol import Instance
from serving.settings.service import ServingSettings


@dataclass(frozen=True, slots=True)
class Instances:
    """The instances in `folder`, started with `settings`."""

    folder: Path
    settings: ServingSettings

    def releases(self) -> Sequence[str]:
        """What was started and not forgotten."""
        if not self.folder.is_dir():
            return []
        return sorted(folder.name for folder in self.folder.iterdir())

    def server(self, release: str) -> Server:
        return Server(self.folder / release, self.settings)

    def read(self, release: str) -> Instance:
        """One that did not come up yet is not alive."""
        leader = self.server(release).process.leader()
        try:
            url = json.loads(self._facts(release).read_text(encoding="utf-8"))["url"]
        except FileNotFoundError:
            return Instance(release, "", alive=False, detail="its start did not finish")
        if leader is None:
            return Instance(release, url, alive=False, detail="its process is gone")
        return Instance(release, url, alive=True, detail=f"pid {leader.pid}")

    def write(self, release: str, url: str) -> None:
        """Remember that it is ready at `url`."""
        write_whole(self._facts(release), json.dumps({"url": url}) + "\n")

    def forget(self, release: str) -> None:
        """Before another start."""
        self._facts(release).unlink(missing_ok=True)

    def addresses(self) -> Mapping[str, str]:
        """Release → URL of each that is alive."""
        instances = (self.read(release) for release in self.releases())
        return {instance.release: instance.url for instance in instances if instance.alive}

    def _facts(self, release: str) -> Path:
        return self.folder / release / "instance.json"
