"""Faults in a random order, for as long as somebody wants, and whether all ends as it must."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from delivery.demo.traffic import Tally
from tests.chaos.faults import Fault
from tests.chaos.invariants import INVARIANTS
from tests.chaos.load import Load
from tests.chaos.table import Table
from tests.chaos.world import World


class BrokenError(Exception):
    """An invariant does not hold; the message names the fault before it."""


@dataclass
class Play:
    """`faults` in a world, each as often as the others; `say` gets a line about each."""

    world: World
    faults: Sequence[Fault]
    chance: Random
    say: Callable[[str], None]

    def run(self, seconds: float, table: Table) -> None:
        """Fill `table` until the time is over. The fault that runs then is played to its end.

        Raises:
            BrokenError: an invariant does not hold.
        """
        end = time.monotonic() + seconds
        for fault in self._order():
            self._once(fault, table)
            if time.monotonic() > end:
                return

    def _order(self) -> Iterator[Fault]:
        while True:
            yield from self.chance.sample(self.faults, len(self.faults))

    def _once(self, fault: Fault, table: Table) -> None:
        begun = time.monotonic()
        load = Load(self.world.target.router.url, self.world.bodies)
        try:
            with load:
                fault.play(self.world, self.chance)
                self.world.settle()
                load.await_answers()
            self._require(fault, load.tally)
        except Exception as error:  # whatever went wrong, it went wrong under this fault
            table.row(fault.name).add(load.tally, right=False)
            raise BrokenError(f"{fault.name}: {error}") from error
        table.row(fault.name).add(load.tally, right=True)
        lost, seconds = load.tally.failures, time.monotonic() - begun
        self.say(f"{fault.name}: {lost} of {load.tally.requests} lost, {seconds:.1f} s")

    def _require(self, fault: Fault, tally: Tally) -> None:
        if not fault.outage:
            assert not tally.failures, f"{tally.failures} lost: {tally.first_failure}"
        strangers = sorted(tally.releases.keys() - self.world.ever_verified())
        assert not strangers, f"{strangers} answered and was never verified"
        for holds in INVARIANTS:
            try:
                holds(self.world)
            except AssertionError as error:
                raise AssertionError(f"{holds.__name__}: {error}") from error
