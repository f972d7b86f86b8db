"""What the monitor last proposed for an environment: a ref on origin with its evidence.

The ref is made by compare-and-swap, so of two monitors at work one proposes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from delivery.errors import HeldError
from delivery.git.command import GitError
from delivery.git.refs import Grammar, Ref
from delivery.git.repository import Repository


@dataclass(frozen=True, slots=True)
class Memory:
    """The ref of `environment`."""

    repository: Repository
    environment: str

    @property
    def ref(self) -> str:
        return Ref(Grammar.MONITOR, {"environment": self.environment}).name

    def proposed(self) -> tuple[str, float | None]:
        """The blob that is there, and of when its evidence is, in s since 1970; empty and None if
        nothing was proposed."""
        line = self.repository.run("ls-remote", "origin", self.ref)
        if not line:
            return "", None
        blob = line.split("\t")[0]
        self.repository.run("fetch", "--quiet", "origin", self.ref)
        content = json.loads(self.repository.run("cat-file", "blob", blob))
        return blob, datetime.fromisoformat(content["until"]).timestamp()

    def keep(self, evidence: Mapping[str, Any], before: str) -> None:
        """Put the evidence where `before` was.

        Raises:
            HeldError: another monitor was faster, or origin takes no such ref.
        """
        text = json.dumps(evidence, ensure_ascii=False, indent=1)
        blob = self.repository.run("hash-object", "-w", "--stdin", stdin=text)
        lease = f"--force-with-lease={self.ref}:{before}"
        try:
            self.repository.run("push", "--quiet", lease, "origin", f"{blob}:{self.ref}")
        except GitError as error:
            raise HeldError(
                f"{self.ref} could not be written, so nothing is proposed: {error}. Another "
                "monitor may be at work; run this again."
            ) from error
