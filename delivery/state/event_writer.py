"""Writes entries: events and checkpoints into the logs, proposals as tags; all signed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from delivery.errors import OutsideError
from delivery.events.entry import Checkpoint, Entry, Happened, Proposed
from delivery.events.event import Event
from delivery.events.log import EventLog
from delivery.events.store import append
from delivery.git.refs import LogName, proposal_sha256, proposal_tag
from delivery.git.repository import Repository
from delivery.state.snapshot import Snapshot
from delivery.trust.keys import Role, own_key

TRIES = 20
BEFORE = "events of the time before there was a log"


@dataclass(frozen=True)
class EventWriter:
    """Writes as `actor`, with the key of this machine by `environ`. `look` gives a snapshot, as
    it was last fetched or after a fetch."""

    git: Repository
    environ: Mapping[str, str]
    actor: Mapping[str, str]
    look: Callable[[bool], Snapshot]

    def write(self, event: Event, known: Collection[str]) -> bool:
        """Write an event about an attempt of which the kinds `known` had happened here. False if
        something else happened to it meanwhile: who comes second leaves the winner's."""
        name = LogName(event.environment, event.rehearsed)
        fetch = False
        for _ in range(TRIES):
            snapshot = self.look(fetch)
            if set(snapshot.ledger.kinds(name, event.attempt)) != set(known):
                return False
            if self._carry_over(snapshot, name) and self._put(snapshot, name, event):
                return True
            fetch = True
        raise OutsideError(f"{name} on origin changes all the time; run the command again")

    def attest(self, checkpoint: Checkpoint) -> bool:
        """Vouch for what the log holds. False if the log changed meanwhile."""
        name = LogName(checkpoint.environment, checkpoint.rehearsed)
        return self._put(self.look(False), name, checkpoint)

    def propose(self, environment: str, main: str, desired: str, evidence: str) -> None:
        """Say that these texts of the two files are delivery's, on top of `main`."""
        proposed = Proposed(environment, proposal_sha256(desired, evidence))
        message = self._message(proposed, main, (), "")
        self.git.create_tag(proposal_tag(environment, desired, evidence), main, message)

    def _carry_over(self, snapshot: Snapshot, name: LogName) -> bool:
        """Begin a log with what tags say; True if it has begun already."""
        tags = snapshot.ledger.old_tags(name)
        if snapshot.ledger.log(name).head or not tags:
            return True
        checkpoint = Checkpoint(name.environment, BEFORE, name.rehearsed, tags=tags)
        self._put(snapshot, name, checkpoint)
        return False

    def _put(self, snapshot: Snapshot, name: LogName, happened: Happened) -> bool:
        log = snapshot.ledger.log(name)
        parents = (log.head,) if log.head else ()
        if isinstance(happened, Checkpoint) and log.rewritten and log.seen in log.known:
            parents = (*parents, log.seen)
        message = self._message(happened, snapshot.main, parents, _newest(log))
        return append(self.git, name, message, parents, log.head)

    def _message(self, happened: Happened, main: str, parents: tuple[str, ...], after: str) -> str:
        """`after` is the moment of the entry before: no entry is older, whatever the clock says."""
        pem = own_key(self.environ, Role.EVENTS, make=True)
        assert pem is not None, "it was made"
        moment = max(datetime.now(UTC).isoformat(), after)
        return Entry(happened, main, parents, moment, self.actor).message(pem)


def _newest(log: EventLog) -> str:
    return log.newest.entry.at if log.newest else ""
