"""What scores files here: the libraries of each release, made and kept."""

from __future__ import annotations

import json
from collections.abc import Mapping, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from delivery.bento.bento import Bento
from delivery.bento.environment import BATCH_LOCK, environment
from delivery.errors import InputError
from delivery.files import write_whole
from delivery.targets.batch.router import BatchRouter
from delivery.targets.local.routing.fence import Fence
from delivery.targets.local.settlement import Settlement
from delivery.targets.protocol import Instance, Writer
from serving.settings.service import ServingSettings


@dataclass(frozen=True)
class BatchRuntime:
    """The releases of `environment` that are ready to score; their libraries lie in `envs`."""

    environment: str
    folder: Path
    envs: Path
    settings: ServingSettings
    router: BatchRouter
    fence: Fence

    @property
    def predictions(self) -> Path:
        raise InputError(
            f"{self.environment} has no service, so no prediction log; each `delivery batch run` "
            "reports drift and quality of its own input"
        )

    def lock(self, writer: Writer = Writer.DEPLOYMENT) -> AbstractContextManager[None]:
        return self.fence.lock(writer)

    def require_turn(self) -> None:
        self.fence.require_turn()

    def instances(self) -> Mapping[str, Instance]:
        """The releases that were made ready. One whose libraries are gone has a problem."""
        return {name: _instance(name, Path(python)) for name, python in self._ready().items()}

    def settled(self) -> Set[str]:
        return self._settlement.read(self.router.weights())

    def start(self, bento: Bento) -> Instance:
        """Make the libraries that the release scores with.

        Raises:
            InputError: it cannot score files.
            TargetError: its lock does not install here.
        """
        self.require_turn()
        python = environment(bento.path, self.envs, BATCH_LOCK)
        self._write(self._ready() | {bento.id: str(python)})
        return _instance(bento.id, python)

    def retire(self, keep: Set[str]) -> None:
        """Libraries stay where they are: other environments may share them."""
        with self.fence.write():
            self._settlement.write(keep, self.router.weights())
        self._write({name: python for name, python in self._ready().items() if name in keep})

    def stop(self) -> None:
        self._settlement.forget()
        self._write({})

    @property
    def _settlement(self) -> Settlement:
        return Settlement(self.folder / "settled.json")

    @property
    def _file(self) -> Path:
        return self.folder / "ready.json"

    def _ready(self) -> dict[str, str]:
        """Release → its Python."""
        try:
            ready: dict[str, str] = json.loads(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return ready

    def _write(self, ready: Mapping[str, str]) -> None:
        with self.fence.write():
            write_whole(self._file, json.dumps(dict(ready)) + "\n")


def _instance(release: str, python: Path) -> Instance:
    there = python.exists()
    problem = "" if there else "has no libraries here any more"
    return Instance(release, "", there, "ready to score files" if there else "", problem)
