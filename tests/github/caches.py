"""Caches of workflows as GitHub keeps them: by ref, and open by prefix.

A run writes into the scope of its ref. It reads its own scope, for a pull request that of the base,
and main's. https://docs.github.com/actions/reference/workflows-and-actions/dependency-caching

The double of actions/cache calls this file: `caches.py ROOT PATH KEY PREFIXES`, in a job.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAIN = "refs/heads/main"
READS, WRITES = ("read", "write"), ("write", "write-only")
LOG = "log.jsonl"


@dataclass(frozen=True)
class Caches:
    """An entry is a folder: `root`/scope/key."""

    root: Path

    def save(self, ref: str, key: str, mode: str = "write") -> Path | None:
        """An empty folder for what is saved; None where the mode does not let the job, or where the
        scope has the key."""
        entry = self._scope(ref) / key
        if mode not in WRITES or entry.exists():
            return None
        entry.mkdir(parents=True, exist_ok=True)  # two jobs of a run at once
        return entry

    def restore(self, ref: str, keys: Sequence[str], mode: str = "write") -> Path | None:
        """The newest entry whose key begins as one of `keys`, the first that is there."""
        if mode not in READS:
            return None
        for scope in dict.fromkeys((ref, MAIN)):
            for key in keys:
                hits = list(self._scope(scope).glob(f"{key}*"))
                if hits:
                    return max(hits, key=lambda hit: hit.stat().st_mtime_ns)
        return None

    def log(self) -> list[dict[str, Any]]:
        """What jobs asked for: job, ref, mode, what was restored, and whether it may be saved."""
        file = self.root / LOG
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return [json.loads(line) for line in lines]

    def _scope(self, ref: str) -> Path:
        return self.root / ref.replace("/", ":")


def main(root: str, path: str, key: str, prefixes: str) -> None:
    """Lay out at `path` what is restored. What the job leaves there is saved at once, since a
    double has no step after the job; jobs of one run share the machine in act, and so the path."""
    caches, place = Caches(Path(root)), Path(path).expanduser()
    ref, job = os.environ["GITHUB_REF"], os.environ["GITHUB_JOB"]
    mode = json.loads(os.environ["CACHE_MODES"]).get(job, "write")
    hit = caches.restore(ref, [key, *prefixes.split()], mode)
    saved = caches.save(ref, key, mode)
    place.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        place.symlink_to(saved) if saved else place.mkdir()
    restored = sorted(file.name for file in hit.iterdir()) if hit else []
    if hit and hit != saved:
        shutil.copytree(hit, place, dirs_exist_ok=True)
    caches.root.mkdir(exist_ok=True)
    entry = {"job": job, "ref": ref, "mode": mode, "restored": restored, "saved": bool(saved)}
    with (caches.root / LOG).open("a", encoding="utf-8") as log:
        log.write(json.dumps(entry) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
