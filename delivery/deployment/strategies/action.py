"""What a strategy sees, and what it can ask for.

A strategy is a pure function. `delivery.deployment.reconcile` does what it asks for and asks
again; after a kill between two actions the next tick asks anew, from what main and the target say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field

from delivery.gates.verdict import Verdict
from delivery.settings.rollout import Canary
from delivery.state.desired import ReleaseRef
from delivery.state.history import Attempt
from delivery.targets.split import Split


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
    traffic: Traffic | None = None  # None: no rollout can be watched here


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a rollout goes by: its `policy`, the `moment` (seconds since 1970), the `split` in force
    and whether it is under `ours`, the lease of this very process; the `verdicts` of the rollout
    gates on what the router wrote down in the steps so far, and the releases of the split whose
    process `died`.
    """

    policy: Canary
    moment: float
    split: Split | None = None
    ours: bool = False
    verdicts: tuple[Verdict, ...] = ()
    died: Set[str] = field(default_factory=frozenset)


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
class Begin:
    """Write down that a step begins."""

    share: int
    champion: str
    header: str = ""


@dataclass(frozen=True, slots=True)
class Divide:
    """Put a step in force, under the lease of this process, and ask again."""

    split: Split


@dataclass(frozen=True, slots=True)
class Verify:
    """It passed, and has the traffic."""


@dataclass(frozen=True, slots=True)
class Reject:
    """It failed."""

    why: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """Evidence is missing."""

    why: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is left to do now."""

    why: str = ""


Action = SetWeights | Start | Judge | Begin | Divide | Verify | Reject | Hold | Wait
Strategy = Callable[[Situation], Action]
