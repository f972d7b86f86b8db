"""What the last deployment left running, so that others restore it and decide nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Set
from dataclasses import dataclass

from delivery.targets.state import StateFile, write


@dataclass(frozen=True, slots=True)
class Settlement:
    """The releases that were kept in an environment, and the route of that moment, in `file`."""

    file: StateFile

    def write(self, kept: Set[str], route: Mapping[str, int]) -> None:
        write(self.file, json.dumps({"kept": sorted(kept), "route": dict(route)}) + "\n")

    def read(self, route: Mapping[str, int]) -> Set[str]:
        """What is settled while the traffic goes by `route`: the releases in it and, if it is
        still the route of that moment, what was kept beside them. A rollback changes the route,
        and the release that it left is kept no more."""
        try:
            content = json.loads(self.file.read_text(encoding="utf-8"))
            kept = content["kept"] if content["route"] == route else ()
            return {*route, *kept}
        except (OSError, ValueError, KeyError, TypeError):
            return set(route)

    def forget(self) -> None:
        self.file.unlink(missing_ok=True)
