"""From whom a router served, and the feedback about them since, to the outcomes of users."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from delivery.gates.numbers.bootstrap import Floats
from delivery.gates.rollout.observations.outcomes import Outcomes
from delivery.gates.rollout.observations.samples import Flags, Texts


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """One entry a request, [requests] each, in the order of time: when it was answered (s since
    1970), by the candidate or the champion, to whom (a digest), and the digest of its id."""

    at: Floats
    candidate: Flags
    entity: Texts
    request: NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Feedback:
    """One value about a request or an entity, `at` a moment (s since 1970). The other of the two is
    empty. `metric` names what was measured; higher is better."""

    at: float
    value: float
    entity: str = ""
    request: int = 0
    metric: str = ""
    before: bool = False  # is it from before the experiment?


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of an experiment: the outcome of a user is the mean of `metric` within `after`
    seconds of the first request. `share` is the candidate's."""

    metric: str
    guardrails: Sequence[str]
    after: float
    share: float
    began: float


def digest(identity: str) -> int:
    """Of the id of a request: 64 bits, so that a million have no two alike."""
    return int.from_bytes(hashlib.blake2b(identity.encode(), digest_size=8).digest(), "big")


def outcomes(
    served: Served, feedback: Iterable[Feedback], question: Question, now: float
) -> Outcomes:
    """One entry for each entity whose time has come by `now`. An entity without feedback is
    unknown, not zero."""
    names, first = np.unique(served.entity, return_index=True)
    due = served.at[first] + question.after
    ripe = (due <= now) & (names != "")
    order = np.argsort(due[ripe], kind="stable")
    names, first, due = names[ripe][order], first[ripe][order], due[ripe][order]
    arm = served.candidate[first].astype(np.int64)
    place = {name: number for number, name in enumerate(names.tolist())}
    means = _means(served, feedback, place, due, question.after)
    nothing = np.full(len(names), np.nan)
    metrics = {name: means.get((name, False), nothing) for name in question.guardrails}
    return Outcomes(
        at=due,
        arm=arm,
        value=means.get((question.metric, False), nothing),
        before=means.get((question.metric, True)),
        guardrails=metrics,
        assigned=tuple(np.bincount(arm, minlength=2).tolist()),
        shares=(1 - question.share, question.share),
        began=question.began,
    )


def _means(
    served: Served,
    feedback: Iterable[Feedback],
    place: Mapping[str, int],
    due: Floats,
    after: float,
) -> Mapping[tuple[str, bool], Floats]:
    """(Metric, before?) → the mean for each entity; NaN without feedback."""
    whose = dict(zip(served.request.tolist(), served.entity.tolist(), strict=True))
    sums: defaultdict[tuple[str, bool], Floats] = defaultdict(lambda: np.zeros(len(due)))
    counts: defaultdict[tuple[str, bool], Floats] = defaultdict(lambda: np.zeros(len(due)))
    for item in feedback:
        number = place.get(item.entity or whose.get(item.request, ""))
        if number is None:
            continue
        if not item.before and not due[number] - after <= item.at <= due[number]:
            continue
        sums[item.metric, item.before][number] += item.value
        counts[item.metric, item.before][number] += 1
    with np.errstate(invalid="ignore"):
        return {key: sums[key] / counts[key] for key in sums}
