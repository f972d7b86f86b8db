"""A fault hook: ends a run before or after each of its side effects, found by counting."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from delivery.forge.local import LocalForge
from delivery.git.repository import Repository
from delivery.state.event_writer import EventWriter

Effect = tuple[type, str]  # a class, and the method that does it
# What a run does beyond its target.
WRITES: Sequence[Effect] = (
    (EventWriter, "write"), (EventWriter, "propose"), (Repository, "push_branch"),
    *((LocalForge, name) for name in ("open", "comment", "close", "merge")),
)  # fmt: skip


@dataclass
class Fault:
    """Calls `end` at point number `at`; the names of the points that were passed."""

    end: Callable[[str], Any]
    at: int | None = None
    passed: list[str] = field(default_factory=list)

    def point(self, name: str) -> None:
        if len(self.passed) == self.at:
            self.end(name)
        self.passed.append(name)

    @contextmanager
    def hooked(self, patch: pytest.MonkeyPatch, effects: Sequence[Effect]) -> Iterator[None]:
        """Around each of the effects."""
        with patch.context() as within:
            for kind, name in effects:
                within.setattr(kind, name, self._around(name, getattr(kind, name)))
            yield

    def _around(self, name: str, effect: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **more: Any) -> Any:
            self.point(f"before {name}")
            result = effect(*arguments, **more)
            self.point(f"after {name}")
            return result

        return wrapped
