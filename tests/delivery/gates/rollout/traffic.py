"""Made-up traffic through a router, for the tests of the rollout's gates and for `make bench`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from delivery.gates.rollout.observations.samples import Samples

SLOTS = 20
BEGAN = 1e9  # s since the epoch, of the first request


@dataclass(frozen=True)
class Traffic:
    """What clients send and how both releases answer. Shares and errors are of all requests.

    `burst` is the mean length of a run of errors in one arm (geometric). `entities` 0: nobody
    known, every request is routed by itself; else each entity stays in its slot. `heavy`: how much
    an entity sends is Pareto-distributed. `own`: each entity has an error rate of its own (gamma
    of that shape). `outage`: every request of
    both arms fails from so many seconds after BEGAN on, for so many seconds. `slower` is how
    many times as long the candidate takes; `wave` is how much slow minutes are slower.
    """

    rate: float = 10.0
    champion: float = 0.005
    candidate: float = 0.005
    burst: float = 1.0
    entities: int = 0
    heavy: bool = False
    own: float = 0.0
    outage: tuple[float, float] | None = None
    slower: float = 1.0
    wave: float = 0.0
    mixed: bool = False  # requests of 1 to 1,000 rows

    def requests(
        self, random: np.random.Generator, size: int, share: float = 0.5, *, step: int = 0,
        began: float = BEGAN, users: Users | None = None,
    ) -> Samples:  # fmt: skip
        """`size` requests while the candidate has `share`."""
        at = began + np.sort(random.uniform(0, size / self.rate, size))
        if self.entities:
            users = users or self.users(random)
            who = random.choice(self.entities, size, p=users.weight)
            own = users.slot[who] < round(share * SLOTS)
            often = users.often[who]
            names = users.names[who]
        else:
            own, often = random.random(size) < share, np.ones(size)
            names = np.full(size, "")
        failed = self._failed(random, own, often)
        if self.outage:
            start, seconds = self.outage
            failed |= (at >= BEGAN + start) & (at < BEGAN + start + seconds)
        rows, seconds_ = self._seconds(random, at, own)
        return Samples(
            at=at, step=np.full(size, step), candidate=own, share=np.full(size, share),
            entity=names, cause=np.where(failed, "502", ""), seconds=seconds_, rows=rows,
        )  # fmt: skip

    def users(self, random: np.random.Generator) -> Users:
        size = self.entities
        weight = random.pareto(1.2, size) + 1 if self.heavy else np.ones(size)
        often = random.gamma(self.own, 1 / self.own, size) if self.own else np.ones(size)
        names = np.array([f"{number:x}" for number in range(size)])
        return Users(weight / weight.sum(), random.integers(SLOTS, size=size), often, names)

    def _failed(
        self, random: np.random.Generator, own: np.ndarray, often: np.ndarray
    ) -> np.ndarray:
        failed = np.zeros(len(own), dtype=bool)
        for arm, rate in ((True, self.candidate), (False, self.champion)):
            places = np.flatnonzero(own == arm)
            begins = random.random(len(places)) < np.minimum(1, rate * often[places] / self.burst)
            if self.burst == 1:
                failed[places] = begins
                continue
            lengths = random.geometric(1 / self.burst, len(places))
            until = np.where(begins, np.arange(len(places)) + lengths, 0)
            failed[places] = np.arange(len(places)) < np.maximum.accumulate(until)
        return failed

    def _seconds(
        self, random: np.random.Generator, at: np.ndarray, own: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        size = len(at)
        rows = np.ones(size, dtype=int)
        if self.mixed:
            rows = random.choice([1, 10, 100, 1_000], size, p=[0.6, 0.25, 0.1, 0.05])
        took = random.lognormal(np.log(0.02), 0.5, size) * (1 + rows / 100)
        if self.wave:
            minutes = (at // 60).astype(int)
            minutes -= minutes.min() if size else 0
            took *= np.exp(self.wave * random.standard_normal(minutes.max(initial=0) + 1))[minutes]
        return rows, took * np.where(own, self.slower, 1.0)


@dataclass(frozen=True)
class Users:
    """Entities: how often each asks, its slot of the router, how often it fails, its name."""

    weight: np.ndarray
    slot: np.ndarray
    often: np.ndarray
    names: np.ndarray
