"""What main says, read once after a fetch: settings, records, wanted releases and their events.

Never the work tree, never an event payload. What came to main later is in a new snapshot.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from copy import copy
from datetime import datetime
from functools import cached_property, partial

from delivery.errors import InputError
from delivery.git import Repository
from delivery.settings.policy import FILE, Environment, Settings, parse_settings
from delivery.state.beliefs import Beliefs, Reader
from delivery.state.desired import (
    NONE,
    Desired,
    ReleaseRef,
    desired_path,
    evidence_path,
    parse_desired,
)
from delivery.state.doubts import Doubts
from delivery.state.entry import Proposed, Signed, read_entry
from delivery.state.event_log import EventLog, read_log
from delivery.state.events import REHEARSAL, Event, in_order, parse_event
from delivery.state.evidence_file import EvidenceFile, parse_evidence
from delivery.state.history import Attempt, History
from delivery.state.log_store import read_logs
from delivery.state.record import FOLDER, Record, parse_record, record_path
from delivery.state.refs import LogName, attempt_of, is_event_tag, proposal_sha256, proposal_tag
from delivery.trust.signers import public_keys, who_may


class Snapshot:
    """origin/main at one commit; without `fetch`, as it was last seen. `rehearses` is True on a
    machine that ends with its job.

    All events and tags are read at once, and the history of an environment when it is first asked
    for: no process of git is started for an attempt.
    """

    def __init__(
        self, repository: Repository, reader: Reader, *, rehearses: bool = False, fetch: bool = True
    ) -> None:
        if fetch:
            repository.fetch()
        self._git = repository
        self._reader = reader
        self._rehearses = rehearses
        self.commit = self.main = repository.main()
        self._tags = repository.tags("promo/")
        self._refs = read_logs(repository, reader.witness)
        self._logs: dict[LogName, EventLog] = {}
        self._texts: dict[tuple[str, str], str] = {}
        self._changes: dict[str, Sequence[tuple[str, str]]] = {}
        self._histories: dict[str, History] = {}
        self._events: dict[str, Mapping[str, Sequence[Event]]] = {}

    def at(self, commit: str) -> Snapshot:
        """What main would say if it were at `commit`; events and history stay those of main."""
        other = copy(self)
        other.commit = commit
        other.settings = self.settings
        return other

    @cached_property
    def settings(self) -> Settings:
        text = self.text(self.commit, FILE)
        if not text:
            raise InputError(f"origin/main has no {FILE}; restore it from the template")
        return parse_settings(text, f"{FILE} on main")

    def environment(self, name: str) -> Environment:
        """One environment of main's policy; InputError names those there are."""
        return self.settings.environment(name)

    def desired(self, environment: str, commit: str | None = None) -> Desired:
        """What `environment` shall run, on main or at one of its earlier commits."""
        path = desired_path(environment)
        text = self.text(commit or self.commit, path)
        if not text:
            raise InputError(
                f"main has no {path}. Restore it from the template, with `release: none`."
            )
        return parse_desired(text, path)

    def text(self, commit: str, path: str) -> str:
        """A file at a commit; empty where it is not there."""
        if (commit, path) not in self._texts:
            self._read([(commit, path)])
        return self._texts[commit, path]

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

    @cached_property
    def _beliefs(self) -> Beliefs:
        trust = who_may(self.settings.trust, "events")
        read = partial(self._git.read, self.main)
        keys = public_keys(self.settings.trust, read, FILE) if trust else {}
        may = {name: keys[name] for name in trust}
        return Beliefs(trust, may, self._reader)

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

    def lost(self, log: EventLog) -> tuple[str, ...]:
        """Entries that main names, since its newest attempt was proposed after them, and that
        nobody has any more."""
        changes = self._changes_of(log.name.environment)[:1]
        evidence = self.evidence(log.name.environment, changes[0][0]) if changes else None
        seen = ((evidence.logs if evidence else None) or {}).get(str(log.name), NONE)
        return () if seen in (NONE, *log.known) else (seen,)

    def precedes_logs(self, environment: str) -> bool:
        """Did no version write events here yet that signs them, and does nobody ask for it?"""
        return not (self._beliefs.trust or any(log.head for log in self.logs(environment)))

    def doubts(self, environment: str) -> Doubts:
        """What speaks against believing the events of an environment."""
        logs = self.logs(environment)
        rewritten = [log.rewritten for log in logs if log.rewritten]
        for log in logs:
            for entry in self.lost(log):
                rewritten.append(f"main names {entry[:12]} of {log.name}, and origin has no such")
        newest = max((log.newest for log in logs if log.newest), key=_moment, default=None)
        if newest is not None and not self._git.has_ancestor(self.main, newest.entry.main):
            rewritten.append(f"main lost {newest.entry.main[:12]}, which was its head once")
        unattested = {commit: why for log in logs for commit, why in log.unattested.items()}
        return Doubts(environment, tuple(rewritten), unattested)

    def evidence(self, environment: str, commit: str) -> EvidenceFile | None:
        """The evidence.json of a commit; None where there is none or it cannot be read."""
        path = evidence_path(environment)
        try:
            return parse_evidence(self.text(commit, path), path)
        except InputError:
            return None

    def attempt(self, environment: str) -> Attempt:
        """The attempt that counts: the newest."""
        resolved = self.environment(environment)
        changes = self._changes_of(environment)
        if not changes:
            raise InputError(
                f"origin/main has no {desired_path(environment)}. Restore it from the template: it "
                "says what the environment runs, `none` to begin with."
            )
        return self._attempt(resolved, *changes[0])

    def history(self, environment: str) -> History:
        """All attempts, newest first."""
        if environment not in self._histories:
            resolved = self.environment(environment)
            attempts = (
                self._attempt(resolved, *change) for change in self._changes_of(environment)
            )
            self._histories[environment] = History(resolved, tuple(attempts))
        return self._histories[environment]

    def _changes_of(self, environment: str) -> Sequence[tuple[str, str]]:
        """Commit and moment of each attempt. Reads the files of all of them on the way."""
        if environment not in self._changes:
            paths = desired_path(environment), evidence_path(environment)
            changes = self._git.changes(paths[0], self.main)
            self._read([(commit, path) for commit, _ in changes for path in paths])
            self._changes[environment] = changes
        return self._changes[environment]

    def _read(self, places: Sequence[tuple[str, str]]) -> None:
        """Keep the texts of files at commits."""
        texts = self._git.read_all([f"{commit}:{path}" for commit, path in places])
        self._texts.update(zip(places, (text or "" for text in texts), strict=True))

    def old_tags(self, name: LogName) -> Mapping[str, str]:
        """Event tag → message: what happened before there was a log. Once there is one, only the
        tags count that it carries."""
        log = self.log(name)
        if log.head or log.entries:
            return log.tags
        commits = {commit for commit, _ in self._changes_of(name.environment)}
        return {
            tag: message
            for tag, message in self._tags.items()
            if is_event_tag(tag, name)
            and attempt_of(tag)[1] in commits
            and not self._has_logs(name.environment, attempt_of(tag)[1])
        }

    def _has_logs(self, environment: str, attempt: str) -> bool:
        """Was the attempt proposed when events were already kept in logs?"""
        evidence = self.evidence(environment, attempt)
        return evidence is not None and evidence.logs is not None

    def _events_of(self, environment: str) -> Mapping[str, Sequence[Event]]:
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

    def replaced_by(self, attempt: Attempt) -> Sequence[str]:
        """The attempts that this one took the place of, newest first: the newest of those that
        delivery proposed and that were admitted, and what people did since. One with the same
        texts goes on. For a commit that main does not have yet: as if it came next."""
        attempts = self.history(attempt.environment.name).attempts
        commits = [other.commit for other in attempts]
        after = commits.index(attempt.commit) + 1 if attempt.commit in commits else 0
        replaced: list[str] = []
        for before in attempts[after:]:
            replaced.append(before.commit)
            texts = self._pair(before)
            stands = before.admitted and self.proposal(before.environment.name, *texts)[0]
            if stands and texts != self._pair(attempt):
                break
        return replaced or [NONE]

    def _pair(self, attempt: Attempt) -> tuple[str, str]:
        """The texts of the two files that an attempt brought."""
        name = attempt.environment.name
        paths = desired_path(name), evidence_path(name)
        return self.text(attempt.commit, paths[0]), self.text(attempt.commit, paths[1])

    def kinds(self, name: LogName, attempt: str) -> Sequence[str]:
        """What happened to an attempt in one kind of place, oldest first."""
        events = self._events_of(name.environment).get(attempt, ())
        return [event.kind for event in events if event.rehearsed == name.rehearsed]

    def _attempt(self, environment: Environment, commit: str, merged: str) -> Attempt:
        events = self._events_of(environment.name).get(commit, [])
        here = tuple(event for event in events if event.rehearsed == self._rehearses)
        elsewhere = tuple(event for event in events if event.rehearsed != self._rehearses)
        target = REHEARSAL if self._rehearses else environment.settings.target.kind
        desired, malformed = Desired(), ""
        try:
            desired = self.desired(environment.name, commit)
        except InputError as error:
            malformed = str(error)
        return Attempt(environment, target, commit, desired, here, elsewhere, merged, malformed)

    @property
    def moment(self) -> datetime:
        """When the commit was made."""
        return datetime.fromisoformat(self._git.run("show", "-s", "--format=%cI", self.commit))

    def records(self) -> Sequence[str]:
        """The ids of all releases on main."""
        names = self._git.names(self.commit, FOLDER)
        return [name.removesuffix(".yaml") for name in names if name.endswith(".yaml")]

    def record(self, release: str) -> Record:
        """The record of a release; InputError if main has none."""
        text = self.text(self.commit, record_path(release))
        if not text:
            known = ", ".join(self.records()) or "none yet"
            raise InputError(
                f"main has no release {release}; it has {known}. `delivery release` makes one, "
                "and it is on main once its first promotion is merged."
            )
        return parse_record(text, record_path(release))

    def champion(self) -> ReleaseRef:
        """The release that is verified in the last environment; one that does not exist if none.

        Where nothing but rehearsals ever happened to it, those say what the champion is.
        """
        return self.history(self.settings.last).anywhere.verified


def _moment(signed: Signed) -> str:
    return signed.entry.at
