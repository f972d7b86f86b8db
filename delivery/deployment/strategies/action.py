"""What a strategy sees, and what it can ask for.

A strategy is a pure function. `delivery.deployment.reconcile` does what it asks for and asks
again; after a kill between two actions the next tick asks anew, from what main and the target say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field

from delivery.gates.verdict import Verdict
from delivery.settings.rollout import Canary, Shadow
from delivery.state.desired import ReleaseRef
from delivery.state.history import Attempt
from delivery.targets.mirror import Mirror
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
    traffic: Traffic | None = None  # None: no canary can be watched here
    shadow: Shadowed | None = None  # None: no shadow can

    @property
    def judged(self) -> tuple[Verdict, ...]:
        """Everything that was judged so far."""
        shadow = self.shadow.verdicts if self.shadow else ()
        traffic = self.traffic.verdicts if self.traffic else ()
        return (*(self.verdicts or ()), *shadow, *traffic)


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
class Shadowed:
    """What a shadow goes by: its `policy`, the `moment`, how many percent of the predictions shall
    be mirrored (`share`), the `mirror` in force and whether it is under `ours`, the lease of this
    very process; the `verdicts` on what both answered so far, and which of the two `died`."""

    policy: Shadow
    moment: float
    share: int = 0
    mirror: Mirror | None = None
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
class BeginShadow:
    """Write down that a shadow begins: beside whom, and how many percent are mirrored."""

    champion: str
    mirror: int


@dataclass(frozen=True, slots=True)
class Reflect:
    """Put a mirror in force, under the lease of this process, and ask again."""

    mirror: Mirror


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


Move = SetWeights | Divide | Reflect  # what the router is asked to do
Action = Move | Start | Judge | Begin | BeginShadow | Verify | Reject | Hold | Wait
Strategy = Callable[[Situation], Action]
