"""A place for one instance of a release, as its files and processes tell.

    <folder>/    delivery.bento.server.Server, and instance.json once it is ready

Processes count for more than files: where a file is gone or cannot be read, what still answers is
found by the mark that it carries.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from delivery.bento.server import Server
from delivery.files import write_whole
from delivery.processes.process import is_stopped
from delivery.targets.protocol import Instance
from serving.settings.service import ServingSettings

STOPPED = "has a leading process that is stopped"
APART = "."  # between the release and the number of a slot, which the first has not


@dataclass(frozen=True, slots=True)
class Slot:
    """The slot in `folder`, whose instance is started with `settings` and writes what it answered
    to `predictions`."""

    folder: Path
    settings: ServingSettings
    predictions: Path | None = None

    @property
    def release(self) -> str:
        return self.folder.name.partition(APART)[0]

    @property
    def server(self) -> Server:
        return Server(self.folder, self.settings, self.predictions)

    def read(self) -> Instance:
        """How it is. Asks nobody where files and processes agree; so it may hang all the same."""
        url, leader = self.noted(), self.server.process.leader()
        if url and leader is not None:
            problem = STOPPED if is_stopped(leader) else ""
            return Instance(self.release, url, True, f"pid {leader.pid}", problem)
        if answering := self.server.locate():
            return Instance(self.release, answering, alive=True, problem=self._loss())
        why = "its process is gone" if url else "its start did not finish"
        problem = f"is not running ({why})"
        return Instance(self.release, url, alive=False, detail=why, problem=problem)

    def write(self, url: str) -> None:
        """Remember that it is ready at `url`."""
        write_whole(self._facts, json.dumps({"url": url}) + "\n")

    def forget(self) -> None:
        """Before another start."""
        self._facts.unlink(missing_ok=True)

    @property
    def written(self) -> float:
        """When it was ready, in seconds since 1970; 0 if it never was."""
        try:
            return self._facts.stat().st_mtime
        except OSError:
            return 0.0

    @property
    def _facts(self) -> Path:
        return self.folder / "instance.json"

    def noted(self) -> str:
        """Its URL as the file says; empty if that is not there or cannot be read."""
        try:
            return str(json.loads(self._facts.read_text(encoding="utf-8"))["url"])
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def _loss(self) -> str:
        """What one that answers has lost."""
        process = self.server.process
        if process.alive():
            return "has lost its file instance.json and still answers"
        if process.known():
            return "has lost its leading process; its workers still answer"
        return "has lost its file server.json and still answers"
