"""Everything that was written about the environments: event logs, proposals, and the tags of the
time before there were logs; and what speaks against believing it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial

from delivery.errors import InputError
from delivery.events.beliefs import Beliefs, Reader
from delivery.events.doubts import Doubts
from delivery.events.entry import Proposed, Signed, read_entry
from delivery.events.event import Event, in_order, parse_event
from delivery.events.log import EventLog, read_log
from delivery.events.store import read_logs
from delivery.git.refs import LogName, attempt_of, is_event_tag, proposal_sha256, proposal_tag
from delivery.git.repository import Repository
from delivery.state.desired import NONE
from delivery.state.main_files import MainFiles
from delivery.trust.signers import Trust, public_keys, who_may


class Ledger:
    """As it was last fetched. All logs and tags are read at once. `trust` gives who may write by
    main's policy."""

    def __init__(
        self, repository: Repository, reader: Reader, files: MainFiles, trust: Callable[[], Trust]
    ) -> None:
        self._git = repository
        self._reader = reader
        self._files = files
        self._trust = trust
        self._tags = repository.tags("promo/")
        self._refs = read_logs(repository, reader.witness)
        self._logs: dict[LogName, EventLog] = {}
        self._events: dict[str, Mapping[str, Sequence[Event]]] = {}
        self._doubts: dict[str, Doubts] = {}

    def log(self, name: LogName) -> EventLog:
        """What happened in one environment, or in rehearsals of it."""
        if name not in self._logs:
            heads = self._refs.head(name), self._refs.seen(name)
            log = read_log(name, self._refs.commits, heads, self._beliefs)
            if not log.rewritten:
                self._refs.keep(self._git, name)
            self._logs[name] = log
        return self._logs[name]

    def logs(self, environment: str) -> tuple[EventLog, EventLog]:
        """What happened in an environment, and in rehearsals of it."""
        return self.log(LogName(environment)), self.log(LogName(environment, rehearsed=True))

    def heads(self, environment: str) -> Mapping[str, str]:
        """Event log → its newest entry on origin, or `none`."""
        return {str(log.name): log.head or NONE for log in self.logs(environment)}

    def events(self, environment: str) -> Mapping[str, Sequence[Event]]:
        """Attempt → what happened to it, in both kinds of place, oldest first."""
        if environment not in self._events:
            events: defaultdict[str, list[Event]] = defaultdict(list)
            for log in self.logs(environment):
                tags = self.old_tags(log.name).items()
                before = in_order(parse_event(tag, message) for tag, message in tags)
                for event in (*before, *log.events):
                    events[event.attempt].append(event)
            self._events[environment] = events
        return self._events[environment]

    def kinds(self, name: LogName, attempt: str) -> Sequence[str]:
        """What happened to an attempt in one kind of place, oldest first."""
        events = self.events(name.environment).get(attempt, ())
        return [event.kind for event in events if event.rehearsed == name.rehearsed]

    def old_tags(self, name: LogName) -> Mapping[str, str]:
        """Event tag → message: what happened before there was a log. Once there is one, only the
        tags count that it carries."""
        log = self.log(name)
        if log.head or log.entries:
            return log.tags
        commits = {commit for commit, _ in self._files.changes(name.environment)}
        return {
            tag: message
            for tag, message in self._tags.items()
            if is_event_tag(tag, name)
            and attempt_of(tag)[1] in commits
            and not self._has_logs(name.environment, attempt_of(tag)[1])
        }

    def proposal(self, environment: str, desired: str, evidence: str) -> tuple[bool, str]:
        """Are there words of `delivery` that it proposed these texts of the two files? And why
        they are not believed; empty if they are."""
        message = self._tags.get(proposal_tag(environment, desired, evidence))
        if message is None:
            return False, ""
        try:
            signed = read_entry("", (), message)
        except InputError:
            old = "an earlier version of delivery proposed it, and signed nothing"
            return True, "" if self.precedes_logs(environment) else old
        expected = Proposed(environment, proposal_sha256(desired, evidence))
        if signed.entry.happened != expected:
            return False, ""
        return True, self._beliefs.doubt(signed)

    def precedes_logs(self, environment: str) -> bool:
        """Did no version write events here yet that signs them, and does nobody ask for it?"""
        return not (self._beliefs.trust or any(log.head for log in self.logs(environment)))

    def doubts(self, environment: str) -> Doubts:
        """What speaks against believing the events of an environment."""
        if environment not in self._doubts:
            self._doubts[environment] = self._doubted(environment)
        return self._doubts[environment]

    def _doubted(self, environment: str) -> Doubts:
        logs = self.logs(environment)
        rewritten = [log.rewritten for log in logs if log.rewritten]
        for log in logs:
            for entry in self.lost(log):
                rewritten.append(f"main names {entry[:12]} of {log.name}, and origin has no such")
        newest = max((log.newest for log in logs if log.newest), key=_moment, default=None)
        if newest is not None and not self._git.has_ancestor(self._files.main, newest.entry.main):
            rewritten.append(f"main lost {newest.entry.main[:12]}, which was its head once")
        unattested = {commit: why for log in logs for commit, why in log.unattested.items()}
        return Doubts(environment, tuple(rewritten), unattested)

    def lost(self, log: EventLog) -> tuple[str, ...]:
        """Entries that main names, since its newest attempt was proposed after them, and that
        nobody has any more."""
        environment = log.name.environment
        changes = self._files.changes(environment)[:1]
        evidence = self._files.evidence(environment, changes[0][0]) if changes else None
        seen = ((evidence.logs if evidence else None) or {}).get(str(log.name), NONE)
        return () if seen in (NONE, *log.known) else (seen,)

    @cached_property
    def _beliefs(self) -> Beliefs:
        trust = self._trust()
        writers = who_may(trust, "events")
        read = partial(self._git.read, self._files.main)
        keys = public_keys(trust, read) if writers else {}
        return Beliefs(writers, {name: keys[name] for name in writers}, self._reader)

    def _has_logs(self, environment: str, attempt: str) -> bool:
        """Was the attempt proposed when events were already kept in logs?"""
        evidence = self._files.evidence(environment, attempt)
        return evidence is not None and evidence.logs is not None


def _moment(signed: Signed) -> str:
    return signed.entry.at
