"""The events of one environment in one kind of place: a chain of signed entries, oldest first.

A fast-forward is compare-and-swap, the parent is the chain. What cannot be verified is a doubt: it
counts for nothing until a person vouches for it, and the environment is held meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from delivery.errors import InputError
from delivery.events.beliefs import Beliefs
from delivery.events.entry import Checkpoint, Proposed, Signed, read_entry
from delivery.events.event import Event
from delivery.git.refs import LogName


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit of a log."""

    parents: tuple[str, ...]
    message: str


@dataclass(frozen=True, slots=True)
class EventLog:
    """`head` is the newest entry on origin and `seen` the newest that this checkout ever saw, empty
    where there is none. `entries` are believed, `unattested` are not: commit → why. `known` has
    the commits of both and of what is given up. `rewritten` says that entries are gone which
    were there once."""

    name: LogName
    head: str = ""
    seen: str = ""
    entries: tuple[Signed, ...] = ()
    unattested: Mapping[str, str] = field(default_factory=dict)
    known: Collection[str] = frozenset()
    rewritten: str = ""

    @property
    def events(self) -> Iterator[Event]:
        """What happened, oldest first."""
        for signed in self.entries:
            if isinstance(signed.entry.happened, Event):
                entry, by = signed.entry, str(signed.entry.actor.get("name", ""))
                yield replace(signed.entry.happened, at=entry.at, by=by)

    @property
    def tags(self) -> Mapping[str, str]:
        """Events of the time before the log, tag → message."""
        return {
            tag: message
            for checkpoint in _checkpoints(self.entries)
            for tag, message in checkpoint.tags.items()
        }

    @property
    def newest(self) -> Signed | None:
        return self.entries[-1] if self.entries else None


def read_log(
    name: LogName, commits: Mapping[str, Commit], heads: tuple[str, str], beliefs: Beliefs
) -> EventLog:
    """The log, given its head on origin and the one that was last seen (each may be empty).

    `commits` has all that is reachable from both, and lacks what nobody has any more.
    """
    head, seen = heads
    order = oldest_first(commits, [commit for commit in heads if commit in commits])
    signed, doubts = _signed(name, commits, order, beliefs)
    believed = [entry for commit, entry in signed.items() if commit not in doubts]
    checkpoints = list(_checkpoints(believed))
    vouched = {commit for checkpoint in checkpoints for commit in checkpoint.vouches}
    lost = {commit for checkpoint in checkpoints for commit in checkpoint.lost}
    disowned = {commit for checkpoint in checkpoints for commit in checkpoint.disowns}
    unattested = {commit: why for commit, why in doubts.items() if commit not in vouched | disowned}
    gone = bool(seen) and seen not in {*oldest_first(commits, [head] if head else []), *lost}
    return EventLog(
        name,
        head,
        seen,
        tuple(entry for commit, entry in signed.items() if commit not in {*unattested, *disowned}),
        unattested,
        frozenset({*order, *lost}),
        f"origin had {seen[:12]} once, and it is gone" if gone else "",
    )


def oldest_first(commits: Mapping[str, Commit], heads: Sequence[str]) -> Sequence[str]:
    """All commits that are reachable from `heads`, parents before children."""
    order: dict[str, None] = {}
    stack = list(reversed(heads))
    while stack:
        commit = stack[-1]
        missing = [parent for parent in commits[commit].parents if parent not in order]
        if missing and commit not in order:
            stack.extend(reversed(missing))
            continue
        order.setdefault(stack.pop())
    return tuple(order)


def _signed(
    name: LogName, commits: Mapping[str, Commit], order: Sequence[str], beliefs: Beliefs
) -> tuple[dict[str, Signed], dict[str, str]]:
    """The entries that can be read, by commit, and why some commits are not believed."""
    signed: dict[str, Signed] = {}
    doubts: dict[str, str] = {}
    after: dict[str, str] = {}  # commit → the moment of the newest entry up to it that is believed
    for commit in order:
        parents = commits[commit].parents
        after[commit] = max((after[parent] for parent in parents), default="")
        try:
            entry = read_entry(commit, parents, commits[commit].message)
        except InputError as error:
            doubts[commit] = str(error)
            continue
        signed[commit] = entry
        if doubt := _misplaced(name, entry, after[commit]) or beliefs.doubt(entry):
            doubts[commit] = doubt
        else:
            after[commit] = entry.entry.at
    return signed, doubts


def _misplaced(name: LogName, signed: Signed, after: str) -> str:
    happened = signed.entry.happened
    if isinstance(happened, Proposed):
        return "a proposal is no event"
    if LogName(happened.environment, happened.rehearsed) != name:
        return f"it is about {happened.environment}, in the log {name}"
    if signed.entry.at < after:
        return f"it claims to be of {signed.entry.at}, before what it follows"
    return ""


def _checkpoints(entries: Collection[Signed]) -> Iterator[Checkpoint]:
    for signed in entries:
        if isinstance(signed.entry.happened, Checkpoint):
            yield signed.entry.happened
