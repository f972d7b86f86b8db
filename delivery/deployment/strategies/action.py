"""What a strategy sees, and what it can ask for.

A strategy is a pure function. `delivery.deployment.reconcile` does what it asks for and asks
again; after a kill between two actions the next tick asks anew, from what main and the target say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field

from delivery.gates.verdict import Verdict
from delivery.state.desired import ReleaseRef
from delivery.state.history import Attempt


@dataclass(frozen=True, slots=True)
class Situation:
    """An attempt and its place in this tick.

    `previous` is what was verified before it and stays warm; it may not exist.
    `route` maps a release to its share of the traffic in percent. `confirmed` is True once the
    router answered by it in this tick: what a killed tick left in a file may never have been in
    force.
    """

    attempt: Attempt
    route: Mapping[str, int]
    previous: ReleaseRef = field(default_factory=ReleaseRef)
    confirmed: bool = False
    running: Set[str] = field(default_factory=frozenset)  # releases that are ready
    verdicts: tuple[Verdict, ...] | None = None  # of the active gates; None: not judged yet


@dataclass(frozen=True, slots=True)
class SetWeights:
    """Route the traffic so, and ask again."""

    weights: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Start:
    """Start the wanted release beside the others."""


@dataclass(frozen=True, slots=True)
class Judge:
    """Put the active gates to the wanted release, and ask again."""


@dataclass(frozen=True, slots=True)
class Verify:
    """It passed, and has the traffic."""


@dataclass(frozen=True, slots=True)
class Reject:
    """It failed."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Evidence is missing."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is left to do."""


Action = SetWeights | Start | Judge | Verify | Reject | Hold | Wait
Strategy = Callable[[Situation], Action]
