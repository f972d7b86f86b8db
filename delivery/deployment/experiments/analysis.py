"""How an experiment stands: what the router wrote down, the feedback since, and the verdicts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from delivery.context import Context
from delivery.deployment.strategies.ab import Conclusion, conclude
from delivery.events.experiments import Experiment
from delivery.evidence import feedback
from delivery.gates.rollout import canary, experiment
from delivery.gates.rollout.observations import outcomes
from delivery.gates.rollout.observations.outcomes import Outcomes
from delivery.gates.rollout.observations.served import Feedback, Question
from delivery.gates.rollout.observations.served import outcomes as gathered
from delivery.gates.verdict import Verdict
from delivery.settings import experiment as settings
from delivery.targets.protocol import Requests, Target
from delivery.targets.split import Split, entity_of

FIRST = 1  # an experiment has one step


@dataclass(frozen=True, slots=True)
class Analysis:
    """`entities` met champion and challenger; of those, `ripe` had time to show an outcome, and
    `known` have one. `days` went by."""

    safety: tuple[Verdict, ...]
    verdict: Verdict
    entities: tuple[int, int]
    ripe: tuple[int, int]
    known: tuple[int, int]
    days: float
    over: bool

    def conclusion(self, *, died: bool = False) -> Conclusion | None:
        """How it ended; None while it goes on."""
        return conclude(self.safety, self.verdict, died=died, over=self.over)


def settings_of(running: Experiment) -> settings.Experiment:
    """As they were when it began: a later change of delivery.yaml changes nothing."""
    return settings.Experiment.model_validate(running.settings)


def split_of(running: Experiment) -> Split:
    """How it divides the clients, from its beginning to its end."""
    by = settings_of(running)
    return Split(
        running.salt, FIRST, running.champion, running.challenger, by.share, by.header
    )  # fmt: skip


@dataclass
class Analyst:
    """Of one experiment; reads on in what the router writes."""

    context: Context
    target: Target
    running: Experiment
    _requests: Requests | None = field(default=None)

    def safety(self) -> tuple[Verdict, ...]:
        """Proof of harm, or a fault of the routing: by all requests so far."""
        return canary.judge(
            self._read().samples(), canary.Policy(), step=FIRST, attempt=self.running.salt
        )

    def analyse(self, moment: float | None = None) -> Analysis:
        """Everything, as it is now.

        Raises:
            InputError: a file of events that cannot be read.
        """
        moment = time.time() if moment is None else moment
        by, safety = settings_of(self.running), self.safety()
        served = self._read().served()
        question = Question(
            by.metric, by.guardrails, by.after_s, by.share / 100, self.running.begun
        )
        ripening = gathered(served, self._feedback(by), question, moment)
        days = (moment - self.running.begun) / outcomes.DAY
        late = by.ceiling + by.after_s / outcomes.DAY
        entities = {(name, bool(own)) for name, own in zip(
            served.entity.tolist(), served.candidate.tolist(), strict=True)}  # fmt: skip
        return Analysis(
            safety=safety,
            verdict=experiment.judge(ripening, by)[0],
            entities=(
                sum(not own for _, own in entities),
                sum(own for _, own in entities),
            ),
            ripe=_by_arm(ripening, all_of=True),
            known=_by_arm(ripening, all_of=False),
            days=days,
            over=days >= late,
        )

    def _read(self) -> Requests:
        if self._requests is None:
            self._requests = self.target.router.requests(split_of(self.running))
        return self._requests

    def _feedback(self, by: settings.Experiment) -> Iterator[Feedback]:
        if by.outcome == settings.FEEDBACK:
            return feedback.feedback(self.target.runtime.predictions, by.metric)
        entity = partial(entity_of, self.running.salt)
        return feedback.events(self.context.root / by.outcome, entity, by.metric)


def _by_arm(found: Outcomes, *, all_of: bool) -> tuple[int, int]:
    known = found.value == found.value  # NaN is not equal to itself
    chosen = found.arm if all_of else found.arm[known]
    return int((chosen == 0).sum()), int((chosen == 1).sum())
