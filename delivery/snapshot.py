"""What main says, read once after a fetch: settings, records, wanted versions and their events.

Never the work tree, never an event payload.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from delivery.desired import Desired, Version, desired_path, parse_desired
from delivery.errors import InputError
from delivery.events import Event, State, in_order, parse_event, state_of
from delivery.git import Repository
from delivery.record import FOLDER, Record, parse_record, record_path
from delivery.settings import FILE, Settings, parse_settings


@dataclass(frozen=True, slots=True)
class Attempt:
    """One commit of main that changed what an environment shall run, and what came of it."""

    environment: str
    commit: str
    desired: Desired
    events: Sequence[Event]

    @property
    def state(self) -> State:
        return state_of(self.events)

    @property
    def verified(self) -> Version:
        """What is verified here while this attempt stands: its own version or the previous.

        A rollback goes to a version that was verified here before, so it counts from the start.
        """
        if not self.desired.wanted.exists:
            return Version()
        settled = self.state is State.VERIFIED
        returning = self.desired.is_rollback and not self.state.failed
        return self.desired.wanted if settled or returning else self.desired.previous


class Snapshot:
    """origin/main at one commit."""

    def __init__(self, repository: Repository) -> None:
        repository.fetch()
        self._git = repository
        self.commit = repository.main()

    @cached_property
    def settings(self) -> Settings:
        text = self._git.read(self.commit, FILE)
        if text is None:
            raise InputError(f"origin/main has no {FILE}; restore it from the template")
        return parse_settings(text, f"{FILE} on main")

    def desired(self, environment: str, commit: str | None = None) -> Desired:
        """What `environment` shall run, on main or at one of its earlier commits."""
        path = desired_path(environment)
        text = self._git.read(commit or self.commit, path)
        if text is None:
            raise InputError(
                f"main has no {path}. Restore it from the template, with `release: none`."
            )
        return parse_desired(text, path)

    def attempt(self, environment: str) -> Attempt:
        """The attempt that counts: the newest."""
        self.settings.environment(environment)
        desired = self.desired(environment)
        commit = self._git.last_change(desired_path(environment))
        return Attempt(environment, commit, desired, self._events(environment, commit))

    def history(self, environment: str) -> Sequence[Attempt]:
        """All attempts, newest first."""
        self.settings.environment(environment)
        return [
            Attempt(
                environment,
                commit,
                self.desired(environment, commit),
                self._events(environment, commit),
            )
            for commit in self._git.changes(desired_path(environment))
        ]

    def _events(self, environment: str, attempt: str) -> Sequence[Event]:
        tags = self._git.tags(f"promo/{environment}/{attempt}/")
        return in_order(parse_event(tag, message) for tag, message in tags.items())

    def records(self) -> Sequence[str]:
        """The ids of all releases on main."""
        names = self._git.names(self.commit, FOLDER)
        return [name.removesuffix(".yaml") for name in names if name.endswith(".yaml")]

    def record(self, release: str) -> Record:
        """The record of a release; InputError if main has none."""
        text = self._git.read(self.commit, record_path(release))
        if text is None:
            known = ", ".join(self.records()) or "none yet"
            raise InputError(
                f"main has no release {release}; it has {known}. `delivery release` makes one, "
                "and it is on main once its first promotion is merged."
            )
        return parse_record(text, record_path(release))

    def champion(self) -> Version:
        """The release that is verified in the last environment; one that does not exist if none."""
        return self.attempt(self.settings.last).verified

    def failed(self, environment: str, release: str) -> Attempt | None:
        """The newest attempt at `release` here, if it was rejected or revoked."""
        for attempt in self.history(environment):
            if attempt.desired.wanted.release == release:
                return attempt if attempt.state.failed else None
        return None

    def fallback(self, environment: str, release: str) -> Version:
        """The newest version verified here, other than `release`, that was not rejected since."""
        for attempt in self.history(environment):
            wanted = attempt.desired.wanted
            if wanted.release == release or not wanted.exists:
                continue
            if attempt.state is State.VERIFIED and not self.failed(environment, wanted.release):
                return wanted
        return Version()
