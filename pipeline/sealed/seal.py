"""The seal of one process: what this machine can hold, and how it is put on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.sealed import landlock, sockets
from pipeline.sealed.reach import Reach, devices


class Seal:
    """Put on by `enforce` in a process that is about to execute the stage.

    `held` says what is limited: `files`, `network` (no socket at all) or `tcp` alone. It is empty
    where the kernel has no Landlock; nothing is limited then.
    """

    def __init__(self, reach: Reach, reads: Sequence[Path], box: Path) -> None:
        version = landlock.abi()
        self._rules = landlock.Rules() if version else None
        network = ["network"] if sockets.can_refuse() else ["tcp"] if version >= 4 else []
        self.held: Sequence[str] = ["files", *network] if version else []
        if self._rules:
            self._rules.read([*reach.read, *reads])
            self._rules.list_names(reach.names)
            self._rules.write([box, *devices()])

    def enforce(self) -> None:
        """Bind this process and its children, for good."""
        if self._rules:
            self._rules.enforce()
            if "network" in self.held:
                sockets.refuse()

    def close(self) -> None:
        if self._rules:
            self._rules.close()
