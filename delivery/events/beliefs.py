"""Which entries of an event log are believed: those of a key that main's policy names.

As long as `trust:` names nobody who may write events, a machine believes its own key. A machine
that ends with its job has no key that lasts, and a rehearsal has no clients: there the rules of
origin alone say who may write.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from delivery.events.entry import Signed
from delivery.trust.keys import SHOWN, PublicKey
from delivery.trust.signers import Trust, broken_rule


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: this machine's own event key, whether the machine ends with its job, and the
    folder where it writes down which events it saw."""

    own: PublicKey | None = None
    hosted: bool = False
    witness: Path | None = None


@dataclass(frozen=True, slots=True)
class Beliefs:
    """Those who may write events by main's policy, their public keys by name, and who reads."""

    trust: Trust = field(default_factory=dict)
    keys: Mapping[str, PublicKey] = field(default_factory=dict)
    reader: Reader = Reader()

    def doubt(self, signed: Signed) -> str:
        """Why an entry is not believed; empty if it is."""
        if not self.trust:
            return self._by_default(signed)
        environment = signed.entry.happened.environment
        for name, key in self.keys.items():
            if key.id == signed.key_id:
                at = datetime.fromisoformat(signed.entry.at)
                broken = broken_rule(name, self.trust[name], environment, at)
                return broken or _forged(signed, key)
        return f"key {signed.key_id[:SHOWN]} is of nobody who may write events by `trust:`"

    def _by_default(self, signed: Signed) -> str:
        own = self.reader.own
        if own is not None and own.id == signed.key_id:
            return _forged(signed, own)
        if self.reader.hosted or signed.entry.happened.rehearsed:
            return ""
        return (
            f"key {signed.key_id[:SHOWN]} is not this machine's, and `trust:` in delivery.yaml "
            "names nobody who may write events"
        )


def _forged(signed: Signed, key: PublicKey) -> str:
    return "" if signed.genuine(key) else "the signature was not made with the key that it names"
