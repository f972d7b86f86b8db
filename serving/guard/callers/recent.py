"""Callers that were recognised lately, by what they sent: to check an API key again costs a tenth
of a prediction.

docs/adr/0031-recognised-callers-are-remembered.md says what this may and what it must not do.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

SECONDS = 60.0  # until a credential is checked again
CALLERS = 1_024  # that are remembered


@dataclass(frozen=True, slots=True)
class Caller:
    """Who was recognised, and the scopes they have. `expires` is when their credential does, in
    seconds since the epoch."""

    name: str
    scopes: frozenset[str]
    expires: float = 0.0


class RecentCallers:
    """Remembers callers for `SECONDS`, and for no longer than their credentials are valid."""

    def __init__(
        self,
        *,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._secret = secrets.token_bytes(32)  # nobody can tell what hashes alike
        self._now = now
        self._clock = clock
        self._callers: dict[bytes, tuple[Caller, float]] = {}  # and until when; the oldest first

    def get(self, credential: bytes) -> Caller | None:
        """Who has shown this credential; None where it has to be checked."""
        digest = self._digest(credential)
        known = self._callers.get(digest)
        if known is None:
            return None
        caller, until = known
        if self._clock() < until and self._now() < caller.expires:
            return caller
        del self._callers[digest]
        return None

    def add(self, credential: bytes, caller: Caller) -> None:
        """Remember who has shown a credential, after it was checked."""
        if len(self._callers) >= CALLERS:
            del self._callers[next(iter(self._callers))]
        self._callers[self._digest(credential)] = (caller, self._clock() + SECONDS)

    def _digest(self, credential: bytes) -> bytes:
        return hashlib.blake2b(credential, key=self._secret, digest_size=32).digest()
