"""How a rollout stands, for people: what it waits for, and when that can come at the earliest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from delivery.deployment.rollouts.comparison import journal_of, log_lines, to_ask, verdicts_on
from delivery.deployment.rollouts.watching import since
from delivery.deployment.strategies.canary import split_of
from delivery.events.event import State
from delivery.events.steps import Shade, shades_of, steps_of
from delivery.evidence.rollout.answers import Answers
from delivery.evidence.rollout.journal import Journal
from delivery.gates.numbers.bootstrap import Floats
from delivery.gates.rollout import canary, pace
from delivery.gates.rollout.agreement import most_changed
from delivery.gates.rollout.decision import decide
from delivery.settings.rollout import Canary, Shadow
from delivery.state.history import Attempt
from delivery.targets.protocol import Target

WINDOW = 60.0  # s: today's traffic is that of the last minute with any
MINUTE, HOUR = 60, 3600


@dataclass(frozen=True, slots=True)
class RolloutView:
    """`share` in percent, in step `step` of `steps`; `requests` of the step are those that the
    candidate and the champion answered. `needed` more of the candidate's come before the next
    decision, in `earliest_s` seconds at `per_second` requests; None where no traffic comes."""

    candidate: str
    champion: str
    share: int
    step: int
    steps: int
    is_watched: bool
    requests: tuple[int, int]
    per_second: float
    waits_for: str
    earliest_s: float | None
    needed: int

    def __str__(self) -> str:
        meets = f"{self.share}% of the clients meet {self.candidate}"
        if not self.is_watched:
            return f"nobody watches the rollout, so no client meets {self.candidate}"
        return (
            f"step {self.step} of {self.steps}: {meets}; it answered {self.requests[0]:,} requests "
            f"and {self.champion} {self.requests[1]:,}; {self.waits_for}{self._earliest()}"
        )

    def _earliest(self) -> str:
        if self.earliest_s is None:
            return "; no requests come"
        at = f"at {self.per_second:.3g} requests a second"
        return f"; {_duration(self.earliest_s)} at the earliest, {at}" if self.earliest_s else ""


@dataclass(frozen=True, slots=True)
class ShadowView:
    """`pairs` are rows that both were asked, of which copies of the router are `mirrored` and the
    candidate `failed` some; `needed` more come before the next decision, in `earliest_s` seconds
    where clients ask for `per_second` rows: 0 where enough are written down, None where no traffic
    comes. `measured` is that of the last decision, and `differs` where its answers differ most."""

    candidate: str
    champion: str
    is_watched: bool
    pairs: int
    mirrored: int
    failed: int
    needed: int
    measured: str
    waits_for: str
    per_second: float
    earliest_s: float | None
    differs: str = ""

    def __str__(self) -> str:
        if not self.is_watched:
            return f"nobody watches the shadow, so nothing reaches {self.candidate}"
        return (
            f"{self.candidate} was asked {self.pairs:,} rows that {self.champion} answered "
            f"({self.mirrored:,} copied by the router), and failed {self.failed:,}; "
            f"{self.measured}; {f'{self.differs}; ' if self.differs else ''}{self.waits_for}"
            + (
                f"; {self.needed:,} more until the next decision{self._when()}"
                if self.needed
                else ""
            )
        )

    def _when(self) -> str:
        if self.earliest_s is None:
            return ", and no requests come"
        if not self.earliest_s:
            return ", which clients have asked for already"
        earliest = _duration(self.earliest_s)
        return f", {earliest} at the earliest, at {self.per_second:.3g} rows a second"


def view(target: Target, attempt: Attempt) -> RolloutView | ShadowView | None:
    """None where no rollout is under way."""
    if attempt.state is State.SHADOWING:
        return _shadow(target, attempt)
    return _canary(target, attempt) if attempt.state is State.ROLLING else None


def _shadow(target: Target, attempt: Attempt) -> ShadowView:
    policy = attempt.environment.settings.rollout.shadow or Shadow()
    journal, shade = journal_of(target, attempt), shades_of(attempt.events)[-1]
    verdicts = verdicts_on(journal, policy)
    decision = decide(verdicts, last=True)
    waiting, rate = _waiting(target, shade, policy, journal)
    return ShadowView(
        candidate=attempt.desired.wanted.release,
        champion=shade.champion,
        is_watched=target.router.is_watched(),
        pairs=sum(map(len, journal.compared)),
        mirrored=sum(len(item) for item in journal.compared if item.mirrored),
        failed=sum(len(item) for item in journal.compared if item.candidate is None),
        needed=decision.needed,
        measured="; ".join(verdict.measured for verdict in verdicts) or "nothing was judged yet",
        waits_for=f"{decision.next}: {decision.why}",
        per_second=rate,
        earliest_s=pace.earliest(decision.needed - waiting, rate, 1.0),
        differs="; ".join(filter(None, (most_changed(verdict.details) for verdict in verdicts))),
    )


def _waiting(target: Target, shade: Shade, policy: Shadow, journal: Journal) -> tuple[int, float]:
    """Rows that clients asked the champion for and the candidate was not asked yet, and how many a
    second came."""
    answered = Answers(target.runtime.predictions, shade.champion, log_lines(policy)).read()
    left = [item for item in to_ask(answered, shade, policy) if item.key not in journal.keys]
    moments = np.repeat([item.at for item in answered], [len(item.score) for item in answered])
    return sum(len(item.score) for item in left), _rate(moments)


def _canary(target: Target, attempt: Attempt) -> RolloutView:
    policy = attempt.environment.settings.rollout.canary or Canary()
    step = steps_of(attempt.events)[-1]
    samples = since(target.router.requests(split_of(attempt, step)).samples(), attempt)
    verdicts = canary.judge(samples, policy, step=step.number, attempt=attempt.commit)
    decision = decide(verdicts, last=step.share >= max(policy.shares))
    here, rate = samples.of_step(step.number), _rate(samples.at)
    smaller = min(step.share, 100 - step.share) / 100
    return RolloutView(
        candidate=attempt.desired.wanted.release,
        champion=step.champion,
        share=step.share,
        step=sum(share <= step.share for share in policy.shares),
        steps=len(policy.shares),
        is_watched=target.router.is_watched(),
        requests=(int(here.candidate.sum()), int((~here.candidate).sum())),
        per_second=rate,
        waits_for=f"{decision.next}: {decision.why}",
        earliest_s=pace.earliest(decision.needed, rate, smaller),
        needed=decision.needed,
    )


def _rate(moments: Floats) -> float:
    """How many a second, over the last minute that had any; `moments` in s, in their order."""
    if not len(moments):
        return 0.0
    recent = moments[moments > moments[-1] - WINDOW]
    return len(recent) / max(1.0, min(WINDOW, float(moments[-1] - moments[0])))


def _duration(seconds: float) -> str:
    if seconds < MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / MINUTE:.0f} min" if seconds < HOUR else f"{seconds / HOUR:.1f} h"
