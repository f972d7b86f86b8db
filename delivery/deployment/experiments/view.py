"""How an experiment stands, for people: the effect so far, and what is still needed."""

from __future__ import annotations

import time
from dataclasses import dataclass

from delivery.context import Context
from delivery.deployment.experiments.analysis import Analysis, Analyst, settings_of
from delivery.events.experiments import Experiment
from delivery.gates.rollout.decision import needed
from delivery.gates.verdict import Verdict
from delivery.settings.experiment import FeedbackSettings
from delivery.targets.protocol import Target

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class ExperimentView:
    """`entities` met champion and challenger, `ripe` of them had time to show an outcome, and
    `known` have one. `effect` is the difference of means with its interval. `missing` users have
    to come, `ready` of the days are over; `per_day` came so far."""

    number: int
    champion: str
    challenger: str
    share: int
    by: str
    days: float
    is_watched: bool
    entities: tuple[int, int]
    ripe: tuple[int, int]
    known: tuple[int, int]
    effect: str
    result: str
    why: str
    sample_ratio: str
    missing: int | None
    per_day: float
    ends_by: float  # days after the beginning
    replay: str

    def __str__(self) -> str:
        watched = (
            "" if self.is_watched else "nobody watches it, so no client meets the challenger; "
        )
        return (
            f"experiment {self.number}: {self.share}% of the clients meet {self.challenger} beside "
            f"{self.champion} for {self.days:.1f} days; {watched}{self.entities[0]:,} and "
            f"{self.entities[1]:,} users, {self.known[0]:,} and {self.known[1]:,} outcomes; "
            f"effect {self.effect}; {self.result}: {self.why}{self._needed()}"
        )

    def _needed(self) -> str:
        if not self.missing:
            return ""
        if not self.per_day:
            return f"; {self.missing:,} more users are needed, and none come"
        days = self.missing / self.per_day
        return f"; about {self.missing:,} more users are needed, {days:.1f} days at today's traffic"


def view(
    context: Context, target: Target, now: Experiment, labels: FeedbackSettings
) -> ExperimentView:
    """How a running experiment stands at this moment."""
    moment = time.time()
    found, by = Analyst(context, target, now).analyse(moment), settings_of(now)
    return ExperimentView(
        number=now.number,
        champion=now.champion,
        challenger=now.challenger,
        share=by.share,
        by=now.by,
        days=found.days,
        is_watched=target.router.is_watched(),
        entities=found.entities,
        ripe=found.ripe,
        known=found.known,
        effect=found.verdict.measured,
        result=_result(found),
        why=found.verdict.why,
        sample_ratio=_of("sample_ratio", found.safety),
        missing=needed(found.verdict),
        per_day=sum(found.entities) / max(found.days, 1 / 24),
        ends_by=by.ceiling + by.after_s / DAY,
        replay=replay_of(labels),
    )


def replay_of(labels: FeedbackSettings) -> str:
    """May labels of logged rows judge a model that did not answer them? And what to do."""
    if labels.depends_on_answer == "no":
        return (
            "labels do not depend on the answer, so the labelled rows compare both models with far "
            "fewer: add them to the data, and `delivery gate` compares the losses there"
        )
    says = "depend on the answer" if labels.depends_on_answer == "yes" else "may depend on it"
    return (
        f"no replay: labels {says} (`feedback.depends_on_answer: {labels.depends_on_answer}`), so "
        "what followed another answer says nothing about this one. Keep the experiment running; "
        "declare `no` only if nobody acts on the answer before the label is known"
    )


def _result(found: Analysis) -> str:
    return str(found.verdict.details.get("result", found.verdict.status))


def _of(gate: str, verdicts: tuple[Verdict, ...]) -> str:
    return next((verdict.measured for verdict in verdicts if verdict.gate == gate), "")
