"""Temporary servers for judging: at most one per bento, started only when asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from delivery.bento.bento import Bento
from delivery.bento.server import serving

Progress = Callable[[str], None]


@dataclass
class Servers(AbstractContextManager["Servers"]):
    """Lends the URL of a server per bento; stops them all at the end. Thread-safe: two
    threads that ask for two bentos start them side by side."""

    workspace: Path
    progress: Progress
    _stack: ExitStack = field(default_factory=ExitStack)
    _urls: dict[Path, str] = field(default_factory=dict)
    _locks: dict[Path, threading.Lock] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def url(self, bento: Bento) -> str:
        """Where `bento` answers; TargetError if it does not come up."""
        with self._lock:
            lock = self._locks.setdefault(bento.path, threading.Lock())
        with lock:
            if bento.path not in self._urls:
                self.progress(f"starting {bento.id} to judge it")
                lent = serving(bento.path, bento.id, self.workspace)
                url = lent.__enter__()
                with self._lock:
                    self._stack.push(lent)
                self._urls[bento.path] = url
            return self._urls[bento.path]

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        return self._stack.__exit__(kind, error, trace)
