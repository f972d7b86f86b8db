"""What a shadow compared, in the order in which it did: a file that only grows.

    <log folder of the target>/shadow-<attempt>-<number>.jsonl

The first line is the question, each further one a request. One process writes to it, under its
lease; whoever goes on after a kill, and whoever asks how it stands, reads it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import orjson

from delivery.gates.rollout.observations.pairs import Compared, Question


@dataclass
class Journal:
    """The file at `path`. `read` keeps what was read before."""

    path: Path
    question: Question | None = None
    compared: list[Compared] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)  # of what was compared
    _place: int = 0  # bytes read

    @classmethod
    def of(cls, folder: Path, attempt: str, number: int) -> Journal:
        """Of shadow `number` of an attempt, a commit, in the log folder of its target."""
        return cls(folder / f"shadow-{attempt[:12]}-{number}.jsonl")

    def begin(self, question: Question) -> None:
        """Ask that; what was asked before stays."""
        self.read()
        if self.question is None:
            self._append([orjson.dumps(asdict(question))])

    def add(self, compared: Sequence[Compared]) -> None:
        """Write it down."""
        self._append([orjson.dumps(asdict(item)) for item in compared])

    def read(self) -> Journal:
        """Everything that is written by now. Half a line, of a writer that was killed, is none."""
        if not self.path.exists():
            return self
        with self.path.open("rb") as content:
            content.seek(self._place)
            for line in content:
                if not line.endswith(b"\n"):
                    break
                self._place += len(line)
                self._take(line)
        return self

    def _take(self, line: bytes) -> None:
        try:
            item = orjson.loads(line)
            if self.question is None:
                lists = {
                    name: tuple(value) for name, value in item.items() if isinstance(value, list)
                }
                self.question = Question(**item | lists)
            elif item["key"] not in self.keys:
                self.compared.append(Compared(**item))
                self.keys.add(item["key"])
        except (ValueError, TypeError, KeyError):
            return

    def _append(self, lines: Sequence[bytes]) -> None:
        if not lines:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            size = os.fstat(file).st_size
            torn = size and os.pread(file, 1, size - 1) != b"\n"
            os.write(file, (b"\n" if torn else b"") + b"\n".join(lines) + b"\n")
        finally:
            os.close(file)
        self.read()
