"""The attempts to bring releases into one environment, newest first, and what they add up to."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from delivery.settings.policy import Environment
from delivery.state.desired import Desired, ReleaseRef
from delivery.state.events import Event, State, state_of
from delivery.state.evidence_file import EvidenceFile

UNKNOWN = -math.inf  # the level of a release that no record tells of: it could be the best


@dataclass(frozen=True, slots=True)
class Attempt:
    """One commit of main that changed what an environment shall run, and what came of it.

    `target` is the kind of place that asks; `events` happened there, and `elsewhere` in the
    other one: rehearsals, for a place that stays up.
    """

    environment: Environment
    target: str
    commit: str
    desired: Desired
    events: Sequence[Event]
    elsewhere: Sequence[Event] = ()
    merged: str = ""  # when, as git says it (ISO 8601); empty for a commit that main has not

    @property
    def state(self) -> State:
        return state_of(self.events)

    @property
    def anywhere(self) -> Attempt:
        """With the events of the other kind of place, if nothing happened in this one."""
        return replace(self, events=self.elsewhere) if not self.events else self

    @property
    def verified(self) -> ReleaseRef:
        """What is verified here while this attempt stands: its own release or the previous.

        A rollback goes to a release that was verified here before, so it counts from the start.
        """
        if not self.desired.wanted.exists:
            return ReleaseRef()
        settled = self.state is State.VERIFIED
        returning = self.desired.is_rollback and not self.state.failed
        return self.desired.wanted if settled or returning else self.desired.previous


@dataclass(frozen=True, slots=True)
class History:
    """All attempts at one environment, newest first."""

    environment: Environment
    attempts: tuple[Attempt, ...]

    def __iter__(self) -> Iterator[Attempt]:
        return iter(self.attempts)

    def of(self, release: str) -> Iterator[Attempt]:
        """The attempts at one release, newest first."""
        return (attempt for attempt in self if attempt.desired.wanted.release == release)

    def verified_at(self, release: str) -> int | None:
        """How many attempts ago `release` was verified here; None if it is not."""
        for age, attempt in enumerate(self):
            if attempt.desired.wanted.release == release:
                return age if attempt.state is State.VERIFIED else None
        return None

    def ever_verified(self, release: str) -> bool:
        """Did it pass all gates here once, be it in a rehearsal, and not as a rollback?"""
        return any(
            event.kind == State.VERIFIED.kind.event
            for attempt in self.of(release)
            if not attempt.desired.is_rollback
            for event in (*attempt.events, *attempt.elsewhere)
        )

    def failed(self, release: str) -> Attempt | None:
        """The newest attempt at `release`, if it was rejected or revoked."""
        newest = next(self.of(release), None)
        return newest if newest is not None and newest.state.failed else None

    def fallback(self, release: str) -> ReleaseRef:
        """The newest release verified here, other than `release`, that did not fail since."""
        for attempt in self:
            wanted = attempt.desired.wanted
            if wanted.release == release or not wanted.exists:
                continue
            if attempt.state is State.VERIFIED and not self.failed(wanted.release):
                return wanted
        return ReleaseRef()

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
            elif state.failed:
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
