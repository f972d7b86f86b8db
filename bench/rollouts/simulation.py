"""How often do the gates of a rollout err? Traffic is made up, the gates are those of `delivery`
with their defaults.

Healthy releases fail as often and take as long as the champion, in ways that mislead: in bursts, by
few or unequal users, in an outage of both. Each run has a seed of its own. Intervals are Wilson's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from rich.progress import track

from bench.rollouts.findings import (
    ANSWERS,
    LIFTS,
    LOOKS,
    SHARES,
    SLOWER,
    USERS,
    Ended,
    Operating,
    Share,
)
from delivery.gates.numbers.anytime import relative_risk
from delivery.gates.rollout import canary, experiment, latency, sample_ratio
from delivery.gates.rollout.decision import decide
from delivery.gates.rollout.dependence.incidents import breaks_down, incidents
from delivery.gates.rollout.observations.samples import Samples, concatenated
from tests.delivery.gates.rollout.traffic import BEGAN, Traffic

SEED = 16
POLICY = canary.Policy()
STEPS = (0.05, 0.25, 0.5)
MOST = 250_000  # requests of a rollout, then it is inconclusive
LONG = 20_000  # requests of what is looked at for errors alone
HEALTHY = {
    "independent errors": Traffic(),
    "2% errors in both": Traffic(champion=0.02, candidate=0.02),
    "bursts of 2": Traffic(burst=2),
    "bursts of 5": Traffic(burst=5),
    "bursts of 5, 20,000 users": Traffic(burst=5, entities=20_000, rate=100),
    "4,000 users, unequal": Traffic(entities=4_000, heavy=True, own=0.1),
    "500 users, unequal": Traffic(entities=500, heavy=True, own=0.1),
    "an outage of both for 60 s": Traffic(outage=(200, 60)),
    "1,000 requests a second": Traffic(rate=1_000),
}
ROLLOUTS = {
    "healthy": Traffic(),
    "healthy, 2% errors in both": Traffic(champion=0.02, candidate=0.02),
    "healthy, bursts of 2": Traffic(burst=2),
    "healthy, bursts of 5": Traffic(burst=5),
    "healthy, 2,000 unequal users": Traffic(entities=2_000, heavy=True, own=1.0),
    "healthy, an outage of both for 60 s": Traffic(outage=(100, 60)),
    "healthy, slow minutes, 1 to 1,000 rows": Traffic(wave=0.3, mixed=True, rate=20),
    "2% errors instead of 0.5%": Traffic(candidate=0.02),
    "5% errors": Traffic(candidate=0.05),
    "fails always": Traffic(candidate=1.0),
    "30% slower": Traffic(slower=1.3),
    "twice as slow": Traffic(slower=2.0),
}


@dataclass(frozen=True)
class End:
    """One rollout: `what` came last, after how many requests, and how many the candidate had."""

    what: str
    requests: int
    exposed: int


def roll(traffic: Traffic, seed: int) -> End:
    """A rollout by the defaults, looked at whenever its requests grew by a quarter."""
    random = np.random.default_rng([SEED, seed])
    users = traffic.users(random) if traffic.entities else None
    parts: list[Samples] = []
    at, total = BEGAN, 0
    for step, share in enumerate(STEPS):
        while total < MOST:
            size = max(200, total // 4)
            part = traffic.requests(random, size, share, step=step, began=at, users=users)
            at, total = float(part.at[-1]) + 1 / traffic.rate, total + size
            parts = [concatenated([*parts, part])]
            verdicts = canary.judge(parts[0], POLICY, step=step, attempt=str(seed))
            come = decide(verdicts, last=step == len(STEPS) - 1).next
            if come in ("stop", "hold"):
                return End(come, total, int(parts[0].candidate.sum()))
            if come == "go":
                break
    return End("pass" if total < MOST else "wait", total, int(parts[0].candidate.sum()))


def stopped(traffic: Traffic, size: int, share: float, seed: int) -> bool:
    """Do the errors speak against the candidate at any time?"""
    random = np.random.default_rng([SEED, seed])
    samples = traffic.requests(random, size, share)
    owned = incidents(samples, str(seed))
    evidence = relative_risk(owned.candidate, owned.share).max(initial=0.0)
    limit = np.log(POLICY.errors.evidence)
    return bool(evidence >= limit or breaks_down(samples, POLICY.errors.breakdown))


def exposed(rate: float, seed: int) -> float:
    """What a candidate with this error rate had answered, at a share of 5%, when it was stopped;
    infinite if it was not."""
    random = np.random.default_rng([SEED, seed])
    samples = Traffic(candidate=rate).requests(random, 60_000, 0.05)
    owned = incidents(samples, str(seed))
    logs = relative_risk(owned.candidate, owned.share)
    over = np.flatnonzero(logs >= np.log(POLICY.errors.evidence))
    if not len(over):
        return float("inf")
    # It is known in the second after.
    return float(samples.candidate[samples.at < np.floor(owned.at[over[0]]) + 1].sum())


def too_slow(slower: float, share: float, answers: int, seed: int) -> bool:
    random = np.random.default_rng([SEED, seed])
    traffic = Traffic(champion=0, candidate=0, slower=slower, wave=0.2)
    samples = traffic.requests(random, answers, share)
    return latency.judge(samples, POLICY.latency).status == "fail"


def split_held(entities: int, share: float, seed: int) -> bool:
    """Does the sample ratio hold, after 20,000 requests at a wanted share of one half?"""
    random = np.random.default_rng([SEED, seed])
    samples = Traffic(entities=entities, heavy=entities > 0).requests(random, LONG, share)
    samples = replace(samples, share=np.full(len(samples), 0.5))
    return sample_ratio.judge(samples, POLICY.sample_ratio).status == "hold"


def first_decisions(lift: float, seed: int) -> tuple[int, int, bool]:
    """The look at which an A/B experiment over 20,000 users is decided first, by a fixed 95%
    interval and by the sequence (LOOKS: never), and whether the sequence sees a winner."""
    random = np.random.default_rng([SEED, seed])
    policy = experiment.Policy()
    arms = random.integers(2, size=policy.planned)
    clicked = (random.random(policy.planned) < 0.3 * (1 + lift * arms)).astype(float)
    fixed = sequence = LOOKS
    won = False
    for look, size in enumerate(np.linspace(1_200, policy.planned, LOOKS).astype(int)):
        bounds = experiment.interval(clicked[:size], arms[:size], 1, policy, policy.alpha)
        assert bounds is not None
        if abs(bounds.difference) > 1.96 * bounds.error:
            fixed = min(fixed, look)
        if bounds.low > 0 or bounds.high < 0:
            sequence = min(sequence, look)
            won |= bounds.low > 0
    return fixed, sequence, won


class Simulation:
    """Runs the same thing with seeds 0 to `runs` in all workers."""

    def __init__(self, pool: ProcessPoolExecutor, runs: int) -> None:
        self.pool, self.runs = pool, runs

    def all(self, once: Callable[[int], Any], runs: int = 0) -> list[Any]:
        size = runs or self.runs
        return list(self.pool.map(once, range(size), chunksize=max(1, size // 16)))

    def share(self, once: Callable[[int], bool]) -> Share:
        found = self.all(once)
        return Share(sum(found), len(found))

    def rollouts(self) -> Iterator[Ended]:
        for name, traffic in _shown(ROLLOUTS.items(), "rollouts"):
            ends = self.all(partial(roll, traffic), max(4, self.runs // 4))
            yield Ended(
                name,
                Share(sum(end.what == "pass" for end in ends), len(ends)),
                Share(sum(end.what == "stop" for end in ends), len(ends)),
                float(np.median([end.requests for end in ends])),
                float(np.median([end.exposed for end in ends])),
            )

    def users(self, name: str) -> list[Share]:
        kinds = {"alike": Traffic(candidate=0.02), "unequal": Traffic(candidate=0.02, heavy=True)}
        return [
            self.share(partial(stopped, replace(kinds[name], entities=size), LONG, 0.5))
            for size in USERS
        ]


def simulate(runs: int, workers: int = 2) -> Operating:
    """Everything, `runs` times; whole rollouts a quarter as often."""
    with ProcessPoolExecutor(workers) as pool:
        here = Simulation(pool, runs)
        rollouts = tuple(here.rollouts())
        stops = {
            name: [here.share(partial(stopped, traffic, LONG, share)) for share in SHARES]
            for name, traffic in _shown(HEALTHY.items(), "false stops")
        }
        decided = {
            lift: here.all(partial(first_decisions, lift)) for lift in _shown(LIFTS, "experiments")
        }
        places = np.arange(LOOKS)
        return Operating(
            runs=runs,
            rollouts=rollouts,
            stops=stops,
            exposure={
                rate: sorted(here.all(partial(exposed, rate))) for rate in (0.01, 0.02, 0.05, 0.2)
            },
            users={name: here.users(name) for name in _shown(("alike", "unequal"), "users")},
            slower={
                share: [
                    [here.share(partial(too_slow, slower, share, size)) for size in ANSWERS]
                    for slower in SLOWER
                ]
                for share in _shown(SHARES, "latency")
            },
            looks={
                name: [float(np.mean([each[kind] <= at for each in decided[0.0]])) for at in places]
                for kind, name in enumerate(("fixed interval", "confidence sequence"))
            },
            lifts=[Share(sum(each[2] for each in decided[lift]), runs) for lift in LIFTS],
            split={
                "500 users, unequal, half wanted and sent": here.share(
                    partial(split_held, 500, 0.5)
                ),
                "no users known, half wanted and sent": here.share(partial(split_held, 0, 0.5)),
                "48% sent instead of half": here.share(partial(split_held, 0, 0.48)),
            },
        )


def _shown(parts: Iterable[Any], what: str) -> Iterable[Any]:
    return track(list(parts), what, disable=not sys.stderr.isatty())
