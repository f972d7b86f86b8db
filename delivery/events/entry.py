"""An entry of an event log: what happened, on top of which entries, and who says so.

An entry is a commit without files. Its message has a line for people, canonical JSON, and a
signature over the JSON. The JSON names the parents too, so an entry counts only in its place.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from delivery.errors import InputError
from delivery.events.event import Event, is_kind
from delivery.trust.envelope import genuine, sign
from delivery.trust.keys import PublicKey, public_half

VERSION = 1
TYPE = "application/vnd.model-delivery.event+json"
CHECKPOINT, PROPOSED = "checkpoint", "proposed"


@dataclass(frozen=True, slots=True)
class Proposed:
    """`delivery` proposed texts of desired.yaml and evidence.json with this hash. It stands in
    the message of a tag, since proposals are made in many places at once."""

    environment: str
    sha256: str
    rehearsed = False


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Somebody looked, and vouches for what machines cannot verify.

    `vouches` are entries below it, by commit, and `disowns` are those that must not count;
    `lost` are entries that no one has any more; `tags` are events of the time before the log,
    tag → message.
    """

    environment: str
    why: str
    rehearsed: bool = False
    vouches: tuple[str, ...] = ()
    disowns: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


Happened = Event | Checkpoint | Proposed


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened, the commit of main that its writer saw, the entries before it by commit, the
    moment by the writer's clock (ISO 8601), and who wrote it."""

    happened: Happened
    main: str
    parents: tuple[str, ...]
    at: str
    actor: Mapping[str, str]

    def message(self, pem: str) -> str:
        """The commit's message, signed with a private key as PEM."""
        payload = self._payload()
        signature = base64.b64encode(sign(TYPE, payload.encode(), pem)).decode()
        return f"{self._subject()}\n\n{payload}\n\nKey: {public_half(pem).id}\nSig: {signature}\n"

    def _subject(self) -> str:
        happened = self.happened
        if isinstance(happened, Event):
            return f"{happened.environment}: {happened.kind} {happened.release}"
        return f"{happened.environment}: {_content(happened)['kind']}"

    def _payload(self) -> str:
        """Canonical JSON: sorted keys, no spaces, one line."""
        content = {
            "version": VERSION,
            "environment": self.happened.environment,
            **_content(self.happened),
            "main": self.main,
            "parents": list(self.parents),
            "at": self.at,
            "actor": dict(self.actor),
        }
        return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Signed:
    """An entry as it was read. Nothing of it holds before `genuine` did. `key_id` is the key that
    it claims."""

    commit: str
    entry: Entry
    key_id: str
    payload: bytes
    signature: bytes

    def genuine(self, key: PublicKey) -> bool:
        """Was this signed by the private half of `key`?"""
        return genuine(TYPE, self.payload, self.signature, key)


def read_entry(commit: str, parents: Sequence[str], message: str) -> Signed:
    """The inverse of `Entry.message`. InputError for any other commit, and for an entry that was
    moved to other parents."""
    try:
        _, payload, trailer = message.strip("\n").split("\n\n")
        key, signature = (line.partition(": ")[2] for line in trailer.split("\n"))
        content = json.loads(payload)
        entry = Entry(
            _happened(content),
            content["main"],
            tuple(content["parents"]),
            content["at"],
            content["actor"],
        )
        raw = base64.b64decode(signature, validate=True)
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise InputError(f"commit {commit[:12]} is no event ({error})") from error
    if entry.parents != tuple(parents):
        raise InputError(f"commit {commit[:12]} was written for another place of the log")
    return Signed(commit, entry, key, payload.encode(), raw)


def _content(happened: Happened) -> Mapping[str, Any]:
    match happened:
        case Checkpoint():
            return {
                "kind": CHECKPOINT,
                "why": happened.why,
                "rehearsed": happened.rehearsed,
                "vouches": list(happened.vouches),
                "disowns": list(happened.disowns),
                "lost": list(happened.lost),
                "tags": dict(happened.tags),
            }
        case Proposed():
            return {"kind": PROPOSED, "sha256": happened.sha256}
        case Event():
            return {
                "kind": happened.kind,
                "attempt": happened.attempt,
                "release": happened.release,
                "target": happened.target,
                "evidence": happened.evidence,
            }


def _happened(content: Mapping[str, Any]) -> Happened:
    """The inverse of `_content`."""
    if content["version"] != VERSION:
        raise ValueError(f"version {content['version']}, expected {VERSION}")
    environment, kind = str(content["environment"]), str(content["kind"])
    if kind == PROPOSED:
        return Proposed(environment, str(content["sha256"]))
    if kind == CHECKPOINT:
        return Checkpoint(
            environment,
            str(content["why"]),
            bool(content["rehearsed"]),
            tuple(content["vouches"]),
            tuple(content["disowns"]),
            tuple(content["lost"]),
            dict(content["tags"]),
        )
    if not is_kind(kind):
        raise ValueError(f"{kind!r} is no kind of event")
    return Event(
        environment,
        str(content["attempt"]),
        kind,
        str(content["release"]),
        str(content["target"]),
        dict(content["evidence"]),
    )
