"""What was worked out before, by what it depends on.

Nothing in it is truth: what is absent, damaged or too old is made again. It lies in the workspace
and in no cache that jobs share: what a job on a branch wrote there would be believed by a job on
main.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from delivery.documents import canonical_sha256
from delivery.files import write_whole

Key = str | Mapping[str, Any]  # a file's name, or all that an answer depends on
Answer = TypeVar("Answer")
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Cache:
    """Answers by key, one file each. Without a folder nothing is kept."""

    folder: Path | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def get(
        self, key: Key, read: Callable[[Any], Answer], *, hours: float | None = None
    ) -> Answer | None:
        """What `read` makes of the JSON that was kept; None if there is none, or none that `read`
        takes, or if it is older than `hours`."""
        if self.folder is None:
            return None
        try:
            note = json.loads(self._file(self.folder, key).read_text(encoding="utf-8"))
            age = self.now() - datetime.fromisoformat(note["at"])
            if hours is not None and not timedelta(0) <= age <= timedelta(hours=hours):
                return None
            return read(note["answer"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, key: Key, answer: Any) -> None:
        """Keep an answer, which is JSON."""
        if self.folder is not None:
            note = {"at": self.now().isoformat(), "answer": answer}
            write_whole(self._file(self.folder, key), json.dumps(note))

    def recall(self, key: Key, make: Callable[[], Any], *, hours: float | None = None) -> Any:
        """The JSON that was kept, or else `make()`, which is kept from now on."""
        kept = self.get(key, lambda answer: (answer,), hours=hours)
        if kept is not None:
            return kept[0]
        made = make()
        self.put(key, made)
        return made

    def recall_each(
        self, keys: Mapping[str, Key], make: Callable[[Sequence[str]], Mapping[str, Any]]
    ) -> Iterator[Any]:
        """The JSON that was kept about several names, in their order; `make` is given the names of
        which nothing is kept, if there are any. So one file that changed is the only one that is
        looked at again."""
        kept = {name: self.get(key, lambda answer: (answer,)) for name, key in keys.items()}
        unknown = [name for name, answer in kept.items() if answer is None]
        made = make(unknown) if unknown else {}
        for name in unknown:
            self.put(keys[name], made[name])
        return (made[name] if answer is None else answer[0] for name, answer in kept.items())

    def array(self, key: str, make: Callable[[], Floats]) -> Floats:
        """The array that was kept, or else `make()`, which is kept from now on."""
        if self.folder is None:
            return make()
        file = self.folder / f"{key}.npy"

        def read(answer: Any) -> Floats:
            stored: Floats = np.load(file, allow_pickle=False)
            if list(stored.shape) != answer["shape"]:
                raise ValueError("not the array that the note is about")
            return stored

        if (kept := self.get(key, read)) is not None:
            return kept
        made = make()
        self.folder.mkdir(parents=True, exist_ok=True)
        incoming = self.folder / f"{key}.{os.getpid()}.npy"
        np.save(incoming, made)
        incoming.replace(file)
        self.put(key, {"shape": list(made.shape)})
        return made

    @staticmethod
    def _file(folder: Path, key: Key) -> Path:
        name = key if isinstance(key, str) else canonical_sha256(key)
        return folder / f"{name}.json"


NO_CACHE = Cache()
