"""The instances of one environment, as their files tell: what was started, where, and if it lives.

    <folder>/<release>/      delivery.targets.local.slot
    <folder>/<release>.2/    a second slot, so that an instance is replaced beside the old one

A process that died, by itself or with the machine, is seen by its pid file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from delivery.bento.readiness import is_ready, local_client
from delivery.processes.marks import marked_below
from delivery.targets.local.slot import APART, Slot
from delivery.targets.protocol import Instance
from serving.settings.service import ServingSettings

ASK = 2.0  # s: how long one that is asked how it is may take


@dataclass(frozen=True, slots=True)
class Instances:
    """The instances in `folder`, started with `settings`. All write what they answered to
    `predictions`: it outlives them, since labels come late."""

    folder: Path
    settings: ServingSettings
    predictions: Path | None = None

    def slots(self) -> Sequence[Slot]:
        """Every slot that was started and not given up."""
        if not self.folder.is_dir():
            return []
        folders = sorted(folder for folder in self.folder.iterdir() if folder.is_dir())
        return [self._slot(folder) for folder in folders]

    def orphans(self) -> Sequence[Slot]:
        """Slots whose folder was deleted under a process that still runs."""
        folders = sorted({file.parent for file in marked_below(self.folder)})
        return [self._slot(folder) for folder in folders if not folder.is_dir()]

    def releases(self) -> Sequence[str]:
        """What was started and not forgotten."""
        return sorted({slot.release for slot in self.slots()})

    def current(self, release: str) -> Slot:
        """The slot that counts: of those that live, the one that was ready last."""
        own = [slot for slot in self.slots() if slot.release == release]
        if len(own) > 1:
            return max(own, key=lambda slot: (slot.read().alive, slot.written))
        return own[0] if own else self._slots_of(release)[0]

    def spare(self, release: str) -> Slot:
        """Where to start it anew: not where something of it still answers."""
        current = self.current(release)
        if not current.read().alive:
            return current
        return next(slot for slot in self._slots_of(release) if slot != current)

    def outdated(self, release: str) -> Sequence[Slot]:
        """The slots of a release that do not count any more."""
        current = self.current(release)
        return [slot for slot in self.slots() if slot.release == release and slot != current]

    def read(self, release: str) -> Instance:
        """By files and processes. One that did not come up yet is not alive."""
        return self.current(release).read()

    def ask(self) -> Mapping[str, Instance]:
        """All, orphans too, each asked whether it answers."""
        return {instance.release: _asked(instance) for instance in self._all()}

    def addresses(self) -> Mapping[str, str]:
        """Release → URL of each that is alive, orphans too."""
        return {instance.release: instance.url for instance in self._all() if instance.alive}

    def adopt_orphans(self) -> None:
        """Give them back their folders."""
        for slot in self.orphans():
            slot.folder.mkdir(parents=True, exist_ok=True)

    def _all(self) -> Sequence[Instance]:
        """Orphans first: what has a folder counts for more."""
        orphans = [slot.read() for slot in self.orphans()]
        return [*orphans, *(self.read(release) for release in self.releases())]

    def _slots_of(self, release: str) -> Sequence[Slot]:
        names = release, f"{release}{APART}2"
        return [self._slot(self.folder / name) for name in names]

    def _slot(self, folder: Path) -> Slot:
        return Slot(folder, self.settings, self.predictions)


def _asked(instance: Instance) -> Instance:
    with local_client() as client:
        if instance.problem or is_ready(client, instance.url, timeout=ASK):
            return instance
    return replace(instance, problem=f"does not say within {ASK:g} s that it is ready")
