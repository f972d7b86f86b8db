"""What happened in a rollout and what it has shown, for its page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import numpy as np

from delivery.deployment.rollouts.comparison import journal_of, verdicts_on
from delivery.deployment.rollouts.watching import since
from delivery.deployment.strategies.canary import split_of
from delivery.events.event import Event
from delivery.events.steps import shades_of, steps_of
from delivery.evidence.rollout.journal import Journal
from delivery.gates.numbers.bootstrap import Floats
from delivery.gates.rollout import canary
from delivery.gates.rollout.agreement import changed
from delivery.gates.rollout.observations.pairs import pairs_of
from delivery.gates.rollout.observations.samples import EMPTY, Flags, Samples
from delivery.gates.verdict import Verdict
from delivery.report.rollout import Curve, Curves, Moment, RolloutReport
from delivery.settings.rollout import Canary, Shadow
from delivery.state.history import Attempt, History
from delivery.targets.protocol import Target

POINTS = 120  # of a curve
EVERYTHING = 100


def newest_rollout(history: History, release: str = "") -> Attempt | None:
    """The newest attempt of `release`, or of any, that had a shadow or a step; None where none
    had."""
    wanted = (a for a in history if release in ("", a.desired.wanted.release))
    return next((a for a in wanted if steps_of(a.events) or shades_of(a.events)), None)


def chronicle(target: Target, attempt: Attempt) -> RolloutReport:
    """`attempt` has had a shadow or a step."""
    steps, shades = steps_of(attempt.events), shades_of(attempt.events)
    samples = _samples(target, attempt)
    journal = journal_of(target, attempt) if shades else None
    return RolloutReport(
        environment=attempt.environment.name,
        attempt=attempt.commit,
        candidate=attempt.desired.wanted.release,
        champion=(steps or shades)[-1].champion,
        state=attempt.state.value,
        why=attempt.why,
        moments=[Moment(_at(e), e.kind, _says(e), e.by) for e in attempt.events],
        curves=_curves(attempt, samples, journal),
        verdicts=tuple(_verdicts(attempt, samples, journal)),
    )


def _samples(target: Target, attempt: Attempt) -> Samples:
    """None where the records are about another attempt by now, or elsewhere."""
    steps = steps_of(attempt.events)
    if not (steps and target.capabilities.records):
        return EMPTY
    return since(target.router.requests(split_of(attempt, steps[-1])).samples(), attempt)


def _verdicts(attempt: Attempt, samples: Samples, journal: Journal | None) -> Iterator[Verdict]:
    policy = attempt.environment.settings.rollout
    if journal is not None:
        yield from verdicts_on(journal, policy.shadow or Shadow())
    if len(samples):
        last = steps_of(attempt.events)[-1].number
        yield from canary.judge(
            samples, policy.canary or Canary(), step=last, attempt=attempt.commit
        )


def _says(event: Event) -> str:
    """In words: the share, the reason, and how each gate stood."""
    evidence, parts = event.evidence, []
    if "share" in evidence:
        parts.append(f"{evidence['share']}% beside {evidence['champion']}")
    elif "mirror" in evidence:
        parts.append(f"beside {evidence['champion']}, {evidence['mirror']}% mirrored")
    verdicts: Mapping[str, str] = evidence.get("verdicts", {})
    passed = [gate for gate, status in verdicts.items() if status == "pass"]
    others = [f"{gate}: {status}" for gate, status in verdicts.items() if status != "pass"]
    parts += [str(evidence.get("why", "")), *others]
    parts.append(f"{', '.join(passed)} passed" if passed else "")
    return "; ".join(filter(None, parts))


def _curves(attempt: Attempt, samples: Samples, journal: Journal | None) -> Curves:
    changed, failing = _pairs(journal) if journal is not None else ((), ())
    return Curves(
        planned=_planned(attempt.events),
        met=_met(samples),
        candidate=_counted(samples.at, samples.candidate),
        champion=_counted(samples.at, ~samples.candidate),
        failed=(_failed(samples, samples.candidate), _failed(samples, ~samples.candidate)),
        changed=changed,
        failing=failing,
    )


def _planned(events: Sequence[Event]) -> Curve:
    """The share by the events, up to each and from it on."""
    points, share = [], 0.0
    for event in events:
        points.append((_at(event), share))
        name = event.kind.partition("-")[0]
        if name == "step":
            share = float(event.evidence["share"])
        elif name == "verified":
            share = EVERYTHING
        elif name in ("rejected", "revoked", "superseded"):
            share = 0.0
        points.append((_at(event), share))
    return points


def _met(samples: Samples) -> Curve:
    """The share by the records: of one part of them after the other."""
    parts = [part for part in np.array_split(np.arange(len(samples)), POINTS // 4) if len(part)]
    return [
        (float(samples.at[part].mean()), EVERYTHING * float(samples.candidate[part].mean()))
        for part in parts
    ]


def _counted(at: Floats, which: Flags) -> Curve:
    """How many so far, at some of the moments."""
    count = np.cumsum(which)
    return [(float(at[place]), float(count[place])) for place in _some(len(at))]


def _failed(samples: Samples, arm: Flags) -> Curve:
    """How many percent of the requests of an arm failed so far."""
    own = samples[arm]
    return [(float(own.at[int(n) - 1]), share) for n, share in _shares(own.failed)]


def _pairs(journal: Journal) -> tuple[Curve, Curve]:
    """Of the rows so far, in percent: whose answer changes, and that the candidate fails."""
    if journal.question is None or not journal.compared:
        return (), ()
    pairs = pairs_of(journal.compared, journal.question)
    return _shares(changed(pairs)), _shares(pairs.candidate_failed)


def _shares(which: Flags) -> Curve:
    """How many percent of the rows so far, by their number."""
    so_far = np.arange(1, len(which) + 1)
    share = EVERYTHING * np.cumsum(which) / so_far
    return [(float(so_far[place]), float(share[place])) for place in _some(len(which))]


def _some(count: int) -> Sequence[int]:
    """Places from 0 to the last, at most `POINTS`."""
    if not count:
        return ()
    return [int(place) for place in np.linspace(0, count - 1, min(count, POINTS))]


def _at(event: Event) -> float:
    return datetime.fromisoformat(event.at).timestamp()
