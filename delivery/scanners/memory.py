"""What tools answered before. Looking at the same bytes with the same tool again takes no time.

It lies in the workspace and in no cache that jobs share: what a job on a branch wrote there would
be believed by a job on main.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from delivery.bento.digest import file_sha256
from delivery.files import write_whole


@dataclass(frozen=True)
class Memory:
    """Answers in JSON by what they depend on. Without a folder nothing is remembered."""

    folder: Path | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def recall(
        self, about: Mapping[str, Any], ask: Callable[[], Any], *, hours: float | None = None
    ) -> Any:
        """The answer to `about`, asked for if it is not known or older than `hours`."""
        if self.folder is None:
            return ask()
        text = json.dumps(about, sort_keys=True)
        note = self.folder / f"{hashlib.sha256(text.encode()).hexdigest()}.json"
        known = _read(note)
        if known is None or not self._fresh(known["at"], hours):
            known = {"at": self.now().isoformat(), "answer": ask()}
            write_whole(note, json.dumps(known))
        return known["answer"]

    def _fresh(self, at: str, hours: float | None) -> bool:
        if hours is None:
            return True
        age = self.now() - datetime.fromisoformat(at)
        return timedelta(0) <= age <= timedelta(hours=hours)


FORGETFUL = Memory()


def asked_of(tool: str, root: Path, names: Iterable[str], *options: str) -> dict[str, Any]:
    """All that the answer of a tool about files depends on."""
    return {
        "tool": tool,
        "version": version(tool),
        "options": options,
        "files": [[name, file_sha256(root / name)] for name in sorted(names)],
    }


def _read(note: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(note.read_text(encoding="utf-8"))
        datetime.fromisoformat(found["at"])
        return {"at": found["at"], "answer": found["answer"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None  # absent or damaged: asked again
