"""What main says, read once after a fetch: settings, records, wanted versions and their events.

Never the work tree, never an event payload.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from delivery.errors import InputError
from delivery.git import Repository
from delivery.settings.policy import FILE, Settings, parse_settings
from delivery.state.desired import Desired, Version, desired_path, evidence_path, parse_desired
from delivery.state.events import REHEARSAL, Event, State, in_order, parse_event, state_of
from delivery.state.record import FOLDER, Record, parse_record, record_path


@dataclass(frozen=True, slots=True)
class Attempt:
    """One commit of main that changed what an environment shall run, and what came of it.

    `target` is the kind of place that asks; `events` happened there, and `elsewhere` in the
    other one: rehearsals, for a place that stays up.
    """

    environment: str
    target: str
    commit: str
    desired: Desired
    events: Sequence[Event]
    elsewhere: Sequence[Event] = ()

    @property
    def state(self) -> State:
        return state_of(self.events)

    @property
    def anywhere(self) -> Attempt:
        """With the events of the other kind of place, if nothing happened in this one."""
        return replace(self, events=self.elsewhere) if not self.events else self

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
    """origin/main at one commit; without `fetch`, as it was last seen. `rehearses` is True on a
    machine that ends with its job."""

    def __init__(
        self, repository: Repository, *, rehearses: bool = False, fetch: bool = True
    ) -> None:
        if fetch:
            repository.fetch()
        self._git = repository
        self._rehearses = rehearses
        self.commit = repository.main()

    def at(self, commit: str) -> Snapshot:
        """What main would say if it were at `commit`; events and history stay those of main."""
        other = copy(self)
        other.commit = commit
        other.settings = self.settings
        return other

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

    def text(self, commit: str, path: str) -> str:
        """A file at a commit; empty where it is not there."""
        return self._git.read(commit, path) or ""

    def has_tag(self, name: str) -> bool:
        return self._git.tag_exists(name)

    def evidence(self, environment: str, commit: str) -> Mapping[str, Any]:
        """The evidence.json of a commit; empty where there is none or it cannot be read."""
        text = self.text(commit, evidence_path(environment))
        try:
            content = json.loads(text or "{}")
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}

    def attempt(self, environment: str) -> Attempt:
        """The attempt that counts: the newest."""
        self.settings.environment(environment)
        return self._attempt(environment, self._git.last_change(desired_path(environment)))

    def history(self, environment: str) -> Sequence[Attempt]:
        """All attempts, newest first."""
        self.settings.environment(environment)
        return [
            self._attempt(environment, commit)
            for commit in self._git.changes(desired_path(environment))
        ]

    def _attempt(self, environment: str, commit: str) -> Attempt:
        tags = self._git.tags(f"promo/{environment}/{commit}/")
        events = in_order(parse_event(tag, message) for tag, message in tags.items())
        here = tuple(event for event in events if event.rehearsed == self._rehearses)
        elsewhere = tuple(event for event in events if event.rehearsed != self._rehearses)
        own = self.settings.environment(environment).target.kind
        target = REHEARSAL if self._rehearses else own
        desired = self.desired(environment, commit)
        return Attempt(environment, target, commit, desired, here, elsewhere)

    def moment(self, commit: str) -> datetime:
        """When a commit was made."""
        return datetime.fromisoformat(self._git.run("show", "-s", "--format=%cI", commit))

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
        """The release that is verified in the last environment; one that does not exist if none.

        Where nothing but rehearsals ever happened to it, those say what the champion is.
        """
        return self.attempt(self.settings.last).anywhere.verified

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
