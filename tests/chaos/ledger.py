"""What git keeps of a world: to see that a killed command left what one without a kill leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from delivery.git.refs import LogName
from tests.chaos.world import ENV, World


@dataclass(frozen=True)
class Change:
    """What came since: kinds of events, states of new pull requests, new branches, proposals."""

    events: tuple[str, ...] = ()
    pulls: tuple[str, ...] = ()
    branches: int = 0
    proposals: int = 0
    merges: int = 0


@dataclass(frozen=True)
class Ledger:
    """Origin at one moment."""

    events: tuple[str, ...]
    pulls: Mapping[int, str]
    branches: frozenset[str]
    proposals: frozenset[str]
    merges: int

    def since(self, before: Ledger) -> Change:
        new = self.pulls.items() - before.pulls.items()
        return Change(
            self.events[len(before.events) :],
            tuple(state for _, state in sorted(new)),
            len(self.branches) - len(before.branches),
            len(self.proposals) - len(before.proposals),
            self.merges - before.merges,
        )


def ledger(world: World) -> Ledger:
    """As origin has it now."""
    events = world.context.snapshot().ledger.log(LogName(ENV)).events
    pulls = world.context.forge.pulls()
    return Ledger(
        tuple(event.kind for event in events),
        {pull.number: pull.state for pull in pulls},
        _refs(world, "refs/heads/*"),
        _refs(world, "refs/tags/promo/*"),
        int(world.origin.git("rev-list", "--count", "--first-parent", "origin/main")),
    )


def _refs(world: World, pattern: str) -> frozenset[str]:
    lines = world.origin.git("ls-remote", "--refs", "origin", pattern).splitlines()
    return frozenset(line.partition("\t")[2] for line in lines)
