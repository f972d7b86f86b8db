"""What main says, read once after a fetch: settings, records, wanted releases and their attempts.

Never the work tree, never an event payload. What came to main later is in a new snapshot.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from datetime import datetime
from functools import cached_property

from delivery.errors import InputError
from delivery.events.beliefs import Reader
from delivery.events.event import REHEARSAL
from delivery.git.repository import Repository
from delivery.settings.policy import FILE, Environment, Settings, parse_settings
from delivery.state.desired import NONE, Desired, ReleaseRef, desired_path, parse_desired
from delivery.state.evidence_file import EvidenceFile
from delivery.state.history import Attempt, History
from delivery.state.ledger import Ledger
from delivery.state.main_files import MainFiles
from delivery.state.record import FOLDER, Record, parse_record, record_path


class Snapshot:
    """origin/main at one commit; without `fetch`, as it was last seen. `rehearses` is True on a
    machine that ends with its job.

    What was written about environments is read at once, and the history of one when it is first
    asked for: no process of git is started for an attempt.
    """

    def __init__(
        self, repository: Repository, reader: Reader, *, rehearses: bool = False, fetch: bool = True
    ) -> None:
        if fetch:
            repository.fetch()
        self._git = repository
        self._rehearses = rehearses
        self.commit = self.main = repository.main()
        self._files = MainFiles(repository, self.main)
        self.ledger = Ledger(repository, reader, self._files, lambda: self.settings.trust)
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
        return self._files.text(commit, path)

    def evidence(self, environment: str, commit: str) -> EvidenceFile | None:
        """The evidence.json of a commit; None where there is none or it cannot be read."""
        return self._files.evidence(environment, commit)

    def attempt(self, environment: str) -> Attempt:
        """The attempt that counts: the newest."""
        resolved = self.environment(environment)
        changes = self._files.changes(environment)
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
                self._attempt(resolved, *change) for change in self._files.changes(environment)
            )
            self._histories[environment] = History(resolved, tuple(attempts))
        return self._histories[environment]

    def replaced_by(self, attempt: Attempt) -> Sequence[str]:
        """The attempts that this one took the place of, newest first: the newest of those that
        delivery proposed and that were admitted, and what people did since. One with the same
        texts goes on. For a commit that main does not have yet: as if it came next."""
        name = attempt.environment.name
        attempts = self.history(name).attempts
        commits = [other.commit for other in attempts]
        after = commits.index(attempt.commit) + 1 if attempt.commit in commits else 0
        replaced: list[str] = []
        for before in attempts[after:]:
            replaced.append(before.commit)
            texts = self._files.pair(name, before.commit)
            stands = before.admitted and self.ledger.proposal(name, *texts)[0]
            if stands and texts != self._files.pair(name, attempt.commit):
                break
        return replaced or [NONE]

    def _attempt(self, environment: Environment, commit: str, merged: str) -> Attempt:
        events = self.ledger.events(environment.name).get(commit, [])
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
