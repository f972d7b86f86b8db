"""What main says, read once after a fetch: settings, records, wanted releases and their events.

Never the work tree, never an event payload. What came to main later is in a new snapshot.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from copy import copy
from datetime import datetime
from functools import cached_property

from delivery.errors import InputError
from delivery.git import Repository
from delivery.settings.policy import FILE, Environment, Settings, parse_settings
from delivery.state.desired import (
    Desired,
    ReleaseRef,
    desired_path,
    evidence_path,
    parse_desired,
)
from delivery.state.events import REHEARSAL, in_order, parse_event
from delivery.state.evidence_file import EvidenceFile, parse_evidence
from delivery.state.history import Attempt, History
from delivery.state.record import FOLDER, Record, parse_record, record_path
from delivery.state.refs import attempt_of


class Snapshot:
    """origin/main at one commit; without `fetch`, as it was last seen. `rehearses` is True on a
    machine that ends with its job.

    All promotion tags are read at once, and the history of an environment when it is first asked
    for: no process of git is started for an attempt.
    """

    def __init__(
        self, repository: Repository, *, rehearses: bool = False, fetch: bool = True
    ) -> None:
        if fetch:
            repository.fetch()
        self._git = repository
        self._rehearses = rehearses
        self.commit = self._main = repository.main()
        self._tags = repository.tags("promo/")
        self._texts: dict[tuple[str, str], str] = {}
        self._changes: dict[str, Sequence[tuple[str, str]]] = {}
        self._histories: dict[str, History] = {}

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

    def has_tag(self, name: str) -> bool:
        return name in self._tags

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
            changes = self._git.changes(paths[0], self._main)
            self._read([(commit, path) for commit, _ in changes for path in paths])
            self._changes[environment] = changes
        return self._changes[environment]

    def _read(self, places: Sequence[tuple[str, str]]) -> None:
        """Keep the texts of files at commits."""
        texts = self._git.read_all([f"{commit}:{path}" for commit, path in places])
        self._texts.update(zip(places, (text or "" for text in texts), strict=True))

    @cached_property
    def _tags_of(self) -> Mapping[tuple[str, str], Mapping[str, str]]:
        """Environment and attempt → the tags about it."""
        tags: defaultdict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        for tag, message in self._tags.items():
            tags[attempt_of(tag)][tag] = message
        return tags

    def _attempt(self, environment: Environment, commit: str, merged: str) -> Attempt:
        tags = self._tags_of.get((environment.name, commit), {})
        events = in_order(parse_event(tag, message) for tag, message in tags.items())
        here = tuple(event for event in events if event.rehearsed == self._rehearses)
        elsewhere = tuple(event for event in events if event.rehearsed != self._rehearses)
        target = REHEARSAL if self._rehearses else environment.settings.target.kind
        desired = self.desired(environment.name, commit)
        return Attempt(environment, target, commit, desired, here, elsewhere, merged)

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
        return self.attempt(self.settings.last).anywhere.verified
