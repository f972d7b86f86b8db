"""The attempts to bring releases into one environment, newest first, and what they add up to."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from delivery.events.event import Event, State, is_note, state_of
from delivery.settings.policy import Environment
from delivery.state.desired import NONE, Desired, ReleaseRef
from delivery.state.evidence_file import EvidenceFile

# Keys of an event's evidence.
ADMITTED = "admitted"  # False: the files were rejected, and no release was looked at
CLOSES = "closes"  # True: a person asked for the route to be closed
UNKNOWN = -math.inf  # the level of a release that no record tells of: it could be the best


@dataclass(frozen=True, slots=True)
class Attempt:
    """One commit of main that changed what an environment shall run, and what came of it.

    `target` is the kind of place that asks; `events` happened there, and `elsewhere` in the
    other one: rehearsals, for a place that stays up. `malformed` says why its desired.yaml cannot
    be read; such an attempt wants nothing and was rejected.
    """

    environment: Environment
    target: str
    commit: str
    desired: Desired
    events: Sequence[Event]
    elsewhere: Sequence[Event] = ()
    merged: str = ""  # when, as git says it (ISO 8601); empty for a commit that main has not
    malformed: str = ""

    @property
    def state(self) -> State:
        return State.REJECTED if self.malformed else state_of(self.events)

    @property
    def steps(self) -> Sequence[Event]:
        """The events that its state comes from."""
        return [event for event in self.events if not is_note(event)]

    @property
    def subject(self) -> str:
        """The release that it wants; where there is none, the commit."""
        wanted = self.desired.wanted
        return wanted.release if wanted.exists else self.commit[:12]

    def wants(self, release: str, image: str = NONE) -> bool:
        """Is it an attempt at `release`, and at `image` of it where both name one?"""
        wanted = self.desired.wanted
        return wanted.release == release and (
            NONE in (image, wanted.image) or wanted.image == image
        )

    @property
    def why(self) -> str:
        """What its last event says of the reason; empty where nobody gave one."""
        last = self.steps[-1].evidence if self.steps else {}
        return self.malformed or str(last.get("why", ""))

    @property
    def admitted(self) -> bool:
        """False where its files were rejected: that says nothing about a release."""
        refused = any(event.evidence.get(ADMITTED) is False for event in self.events)
        return not (self.malformed or refused)

    @property
    def closed(self) -> bool:
        """Did a person ask for the route to be closed?"""
        return any(event.evidence.get(CLOSES) for event in self.events)

    @property
    def anywhere(self) -> Attempt:
        """With the events of the other kind of place, if nothing happened in this one."""
        return self if self.steps else replace(self, events=self.elsewhere)


@dataclass(frozen=True, slots=True)
class History:
    """All attempts at one environment, newest first."""

    environment: Environment
    attempts: tuple[Attempt, ...]

    def __iter__(self) -> Iterator[Attempt]:
        return iter(self.attempts)

    @property
    def newest(self) -> Attempt:
        """The attempt that counts."""
        return self.attempts[0]

    @property
    def anywhere(self) -> History:
        """Where nothing happened to an attempt in this kind of place, what did in the other."""
        return replace(self, attempts=tuple(attempt.anywhere for attempt in self))

    def of(self, release: str, image: str = NONE) -> Iterator[Attempt]:
        """The attempts at one release that were admitted, newest first; those from `image` alone
        where one is named."""
        return (attempt for attempt in self if attempt.wants(release, image) and attempt.admitted)

    def verified_at(self, release: str, image: str = NONE) -> int | None:
        """How many attempts ago `release` was verified here; None if it is not."""
        for age, attempt in enumerate(self):
            if attempt.wants(release, image) and attempt.admitted:
                return age if attempt.state is State.VERIFIED else None
        return None

    def ever_verified(self, release: str, image: str = NONE) -> bool:
        """Did it pass all gates here once, be it in a rehearsal, and not as a rollback?"""
        return any(
            event.kind == State.VERIFIED.kind.event
            for attempt in self.of(release, image)
            if not attempt.desired.is_rollback
            for event in (*attempt.events, *attempt.elsewhere)
        )

    def failed(self, release: str, image: str = NONE) -> Attempt | None:
        """The newest attempt at `release`, if it was rejected or revoked."""
        newest = next(self.of(release, image), None)
        return newest if newest is not None and newest.state.failed else None

    @property
    def verified(self) -> ReleaseRef:
        """What is verified here now, whatever the newest file says of it."""
        return self.fallback()

    @property
    def previous(self) -> ReleaseRef:
        """What the newest attempt leaves the traffic to if it does not stand. It may be the same
        release from another image."""
        newest, wanted = self.newest, self.newest.desired.wanted
        return (
            self.fallback() if newest.state.failed else self.fallback(wanted.release, wanted.image)
        )

    @property
    def beside(self) -> ReleaseRef:
        """The release that stays warm beside that of the newest attempt. Two images of one release
        do not stand beside each other."""
        newest = self.newest
        return self.fallback("" if newest.state.failed else newest.desired.wanted.release)

    def version(self, release: str) -> ReleaseRef:
        """The version of `release` that runs here; without an image where none was wanted."""
        verified = self.verified
        if verified.release == release:
            return verified
        newest = next(self.of(release), None)
        return newest.desired.wanted if newest else ReleaseRef(release)

    @property
    def closed(self) -> bool:
        """Did a person close the route, and was nothing verified since?"""
        last = self._last()
        return last is not None and last.closed

    def fallback(self, release: str = "", image: str = NONE) -> ReleaseRef:
        """The newest version verified here that did not fail since, other than `release`, or than
        `image` of it where one is named; none where there is none, and where a person closed the
        route."""
        last = self._last(release, image)
        return ReleaseRef() if last is None or last.closed else last.desired.wanted

    def _last(self, besides: str = "", image: str = NONE) -> Attempt | None:
        """The newest attempt that decides who has the traffic."""
        failed = {(NONE, NONE)}
        for attempt in self:
            wanted = attempt.desired.wanted
            version = wanted.release, wanted.image
            if attempt.closed:
                return attempt
            stands = version not in failed and not attempt.wants(besides, image)
            if attempt.state is State.VERIFIED and stands:
                return attempt
            if attempt.state.failed and attempt.admitted:
                failed.add(version)
        return None

    def recorded_levels(
        self, evidence: Callable[[Attempt], EvidenceFile | None], since: datetime
    ) -> Mapping[str, float]:
        """Release → how its loss stands by the record, lower is better.

        `evidence` gives what an attempt was proposed with. For all releases that were verified
        here since then, and neither revoked nor rejected after it.
        """
        levels: dict[str, float] = {}
        standing: dict[str, bool] = {}
        for attempt in reversed(self.attempts):
            release, state = attempt.desired.wanted.release, attempt.anywhere.state
            if not attempt.desired.wanted.exists:
                continue
            if state is State.VERIFIED:
                if not attempt.desired.is_rollback:
                    levels[release] = _level(evidence(attempt), levels)
                recent = datetime.fromisoformat(attempt.merged) >= since
                standing[release] = recent or standing.get(release, False)
            elif state.failed and attempt.anywhere.admitted:
                standing[release] = False
        return {name: levels.get(name, UNKNOWN) for name, stands in standing.items() if stands}


def _level(evidence: EvidenceFile | None, levels: Mapping[str, float]) -> float:
    """The champion's level, and by how much the release was better or worse, as a log ratio."""
    judged = evidence.judged if evidence else None
    if judged is None:
        return UNKNOWN
    if judged.loss is not None and judged.champion is None:
        return 0.0  # the first release: everything is measured from it
    losses = [loss for loss in (judged.loss, judged.champion_loss) if loss is not None and loss > 0]
    if len(losses) < 2 or judged.champion is None or judged.champion not in levels:
        return UNKNOWN
    return levels[judged.champion] + math.log(losses[0] / losses[1])
