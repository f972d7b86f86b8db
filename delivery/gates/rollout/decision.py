"""From verdicts on a rollout to what happens next.

A verdict on a rollout is a `Verdict` like any other. *Inconclusive* is a `hold` that more samples
would end: its details say under `needed` how many. A `hold` without that is a fault of the
measurement (lost records, a router that sends the wrong share), and waiting does not mend it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from delivery.gates.verdict import Verdict

# stop: proof of harm, the champion gets all traffic. hold: the measurement is void, a person looks.
# wait: samples are missing. go: to the next step, or to the full share after the last one.
Next = Literal["stop", "hold", "wait", "go"]
EXPOSURE = "exposure"  # the gate that a step waits for


@dataclass(frozen=True)
class Decision:
    """What comes next, and for people why. `needed` is how many samples a wait is for, at least; a
    wait for 0 is one for a person."""

    next: Next
    why: str
    needed: int = 0


def inconclusive(
    gate: str, measured: str, required: str, why: str, needed: int, **details: Any
) -> Verdict:
    """A hold that `needed` more samples may end; 0: none would, only a person accepts it."""
    return Verdict(gate, "hold", measured, required, why, {**details, "needed": max(0, needed)})


def needed(verdict: Verdict) -> int | None:
    """How many more samples an inconclusive verdict waits for; None for every other verdict."""
    missing = verdict.details.get("needed") if verdict.status == "hold" else None
    return None if missing is None else int(missing)


def decide(verdicts: Iterable[Verdict], *, last: bool) -> Decision:
    """What follows from the verdicts on the samples so far.

    Before the `last` step a rollout goes on as soon as the step was exposed to enough requests and
    nothing speaks against it: early steps are safety looks. After the last step every gate has to
    pass. No verdict at all is a wait. A verdict with a person's override counts as a pass.
    """
    verdicts = tuple(verdicts)
    open_ = [verdict for verdict in verdicts if verdict.status != "pass" and not verdict.override]
    failed = [verdict for verdict in open_ if verdict.status == "fail"]
    if failed:
        return Decision("stop", _why(failed))
    void = [verdict for verdict in open_ if needed(verdict) is None]
    if void:
        return Decision("hold", _why(void))
    waited = [verdict for verdict in open_ if last or verdict.gate == EXPOSURE]
    if waited or not verdicts:
        missing = max((needed(verdict) or 0 for verdict in waited), default=0)
        return Decision("wait", _why(waited) or "nothing was judged yet", missing)
    return Decision("go", "every gate passes" if last else "nothing speaks against the next step")


def at_ceiling(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """The verdicts when time is up: what is inconclusive stays so, waits for nothing any more, and
    says what could have been missed, which only a named person accepts."""
    return tuple(
        replace(
            verdict,
            why=f"inconclusive at the ceiling{_missed(verdict)}: {verdict.why}",
            details={**verdict.details, "needed": 0},
        )
        if needed(verdict) is not None
        else verdict
        for verdict in verdicts
    )


def _missed(verdict: Verdict) -> str:
    missed = verdict.details.get("could_have_missed")
    return "" if missed is None else f", could have missed ≤ {missed:.2%}"


def _why(verdicts: Sequence[Verdict]) -> str:
    return "; ".join(f"{verdict.gate}: {verdict.why}" for verdict in verdicts)
