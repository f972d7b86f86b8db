"""Caches of workflows as GitHub keeps them: by ref, and open by prefix.

A run writes into the scope of its ref. It reads its own scope, for a pull request that of the base,
and main's. https://docs.github.com/actions/reference/workflows-and-actions/dependency-caching
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

MAIN = "refs/heads/main"
READS, WRITES = ("read", "write"), ("write", "write-only")


@dataclass
class Caches:
    """`entries` are (scope, key, content), oldest first."""

    entries: list[tuple[str, str, str]] = field(default_factory=list)

    def save(self, ref: str, key: str, content: str, mode: str = "write") -> bool:
        """False where the mode does not let the job, or where the scope has the key."""
        if mode not in WRITES or any(entry[:2] == (ref, key) for entry in self.entries):
            return False
        self.entries.append((ref, key, content))
        return True

    def restore(self, ref: str, keys: Sequence[str], mode: str = "write") -> str | None:
        """The newest content whose key begins as one of `keys`, the first that is there."""
        if mode not in READS:
            return None
        for scope in dict.fromkeys((ref, MAIN)):
            for key in keys:
                hits = [
                    text for at, name, text in self.entries if at == scope and name.startswith(key)
                ]
                if hits:
                    return hits[-1]
        return None
