"""Does what was found ask for a retrain? What is broken has to be mended first: a model must not
learn from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from delivery.monitoring.judges.finding import Finding, alarms
from delivery.monitoring.judges.rows import DAY
from delivery.settings.monitoring import Monitoring, Snooze, Trigger

ANSWERED = get_args(Trigger)  # by a retrain
BROKEN = ("missing", "units", "refused", "labels", "auc")


@dataclass(frozen=True, slots=True)
class Past:
    """`open_pull` is the number of the retrain pull request that waits; `proposed` when the last
    one was asked for, in s since 1970."""

    open_pull: int | None = None
    proposed: float | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether to train and propose, and why or why not."""

    propose: bool
    why: str


def decide(findings: Sequence[Finding], past: Past, until: float, policy: Monitoring) -> Decision:
    """One retrain at a time, none while it cools down, none on data that is broken, and none for
    what a person has put off."""
    names = [finding.judge for finding in alarms(findings)]
    asleep: dict[str, Snooze] = {each.trigger: each for each in policy.snooze if each.holds(until)}
    answered = [name for name in names if name in ANSWERED]
    wanted = [name for name in answered if name not in asleep]
    if not wanted:
        put_off = "; ".join(str(asleep[name]) for name in answered)
        return Decision(False, put_off or "nothing alarms that a retrain answers")
    if broken := [name for name in names if name in BROKEN]:
        return Decision(False, f"{', '.join(broken)}: mend this first, or a model learns from it")
    if past.open_pull is not None:
        return Decision(False, f"the retrain pull request #{past.open_pull} is open")
    if past.proposed is not None and until - past.proposed < policy.cool_down_days * DAY:
        ago = (until - past.proposed) / DAY
        why = (
            f"the last one was proposed {ago:.1f} days ago; {policy.cool_down_days:g} have to pass"
        )
        return Decision(False, why)
    if policy.labels and not _has_labels(findings):
        return Decision(False, "no labels have come that a new model could learn from")
    return Decision(True, f"alarm: {', '.join(wanted)}")


def _has_labels(findings: Sequence[Finding]) -> bool:
    return any(each.judge == "labels" and each.status == "pass" for each in findings)
