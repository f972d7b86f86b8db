"""Which release scores: a note, since no client has to be led to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from delivery.errors import TargetError
from delivery.files import write_whole
from delivery.targets.local.routing.fence import Fence
from delivery.targets.mirror import Mirror
from delivery.targets.protocol import Lease, Requests
from delivery.targets.split import Split


@dataclass(frozen=True)
class BatchRouter:
    """The route of `environment`, noted in `file`."""

    environment: str
    file: Path
    fence: Fence
    url: str = ""

    def weights(self) -> Mapping[str, int]:
        """The release that scores has 100."""
        try:
            weights: dict[str, int] = json.loads(self.file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return weights

    def set_weights(self, weights: Mapping[str, int]) -> None:
        with self.fence.write():
            write_whole(self.file, json.dumps(dict(weights)) + "\n")

    def split(self) -> Split | None:
        return None

    def mirror(self) -> Mirror | None:
        return None

    def watched(self) -> AbstractContextManager[Lease]:
        self._refuse()

    def divide(self, split: Split, lease: Lease) -> None:
        self._refuse(split, lease)

    def reflect(self, mirror: Mirror, lease: Lease) -> None:
        self._refuse(mirror, lease)

    def requests(self, split: Split) -> Requests:
        self._refuse(split)

    def is_under(self, lease: Lease) -> bool:
        self._refuse(lease)

    def is_watched(self) -> bool:
        return False

    def refresh(self) -> bool:
        return False

    def problem(self) -> str:
        return ""

    def stop(self) -> None:
        with self.fence.write():
            self.file.unlink(missing_ok=True)

    def _refuse(self, *_: object) -> NoReturn:
        """`delivery check` refuses settings that ask for it."""
        raise TargetError(f"{self.environment} has no clients, so nothing divides them")
