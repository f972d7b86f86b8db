"""Keep one environment as its last deployment left it.

A watch restores and decides nothing: what is neither in the route nor kept beside it is not
started, and no traffic goes to another release than a deployment gave it to. Each act looks again,
more patiently, under the lock that deployments take, before it ends anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from delivery.bento.bento import Bento
from delivery.errors import HeldError
from delivery.targets.protocol import Instance, Target, Writer

ROUTER = "the router"
FIRST, LONGEST = 1.0, 60.0  # s: between two acts on the same thing, doubled each time


@dataclass(slots=True)
class Pause:
    """How often in a row something was mended, and when it may be again."""

    acts: int = 0
    until: float = 0.0

    def extend(self, now: float) -> None:
        self.until = now + min(FIRST * 2.0**self.acts, LONGEST)
        self.acts += 1

    def outlived(self, now: float) -> bool:
        """Did it stay mended for as long as the longest pause?"""
        return now > self.until + LONGEST


@dataclass
class Watch:
    """`target` under supervision; `bento` gives the checked bytes of a release.

    `restarts` counts what was started. `troubles` maps what could not be mended to why.
    """

    target: Target
    bento: Callable[[str], Bento]
    clock: Callable[[], float] = time.monotonic
    restarts: int = 0
    troubles: dict[str, str] = field(default_factory=dict)
    _pauses: dict[str, Pause] = field(default_factory=dict)

    def look(self) -> Sequence[str]:
        """Mend what is wrong and was not tried a moment ago; what was done, in words."""
        instances = self.target.runtime.instances()
        faults = self._faults(instances)
        self._forget(faults)
        due = [name for name in faults if self._pause(name).until <= self.clock()]
        ends = {name: self._mend(name, instances.get(name)) for name in due}
        return [f"{name} {faults[name]}: {end}" for name, end in ends.items() if end]

    @property
    def trouble(self) -> str:
        """What cannot be mended now, in words; empty if there is nothing."""
        return "; ".join(self.troubles.values())

    def _faults(self, instances: Mapping[str, Instance]) -> Mapping[str, str]:
        """What is not as the last deployment left it → how. The router first: nothing reaches a
        release without it."""
        faults = {ROUTER: self.target.router.problem()}
        for release in sorted(self.target.runtime.settled()):
            instance = instances.get(release)
            faults[release] = instance.problem if instance else "is not running"
        return {name: problem for name, problem in faults.items() if problem}

    def _forget(self, faults: Mapping[str, str]) -> None:
        """The pauses of what stays mended, and the troubles of what is."""
        for name in self._pauses.keys() - faults.keys():
            if self._pauses[name].outlived(self.clock()):
                del self._pauses[name]
        for name in self.troubles.keys() - faults.keys():
            del self.troubles[name]

    def _pause(self, name: str) -> Pause:
        return self._pauses.setdefault(name, Pause())

    def _mend(self, name: str, before: Instance | None) -> str:
        """What came of it; empty while a deployment is at work, which mends by itself."""
        try:
            bento = None if name == ROUTER else self.bento(name)
            with self.target.runtime.lock(Writer.SUPERVISOR):
                restarted = self._act(bento, before)
        except HeldError:
            return ""
        except Exception as error:  # whatever it is, the other environments are looked after
            self._pause(name).extend(self.clock())
            pause = self._pause(name).until - self.clock()
            self.troubles[name] = f"{name} cannot be mended: {error}"
            return f"{error}; next try in {pause:.0f} s"
        self._pause(name).extend(self.clock())
        self.troubles.pop(name, None)
        self.restarts += restarted
        return "restarted" if restarted else "nothing to restart"

    def _act(self, bento: Bento | None, before: Instance | None) -> bool:
        """Was anything restarted? Not what a deployment gave up since `before`."""
        if bento is None:
            return bool(self.target.router.problem()) and self.target.router.refresh()
        if bento.id not in self.target.runtime.settled():
            return False
        after = self.target.runtime.start(bento)
        return before is None or not before.alive or before.url != after.url
