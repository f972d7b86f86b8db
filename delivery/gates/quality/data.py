"""The data that a candidate was made from must look like data: no column gone, not half the rows,
no row in two splits or copied into training, no column that is the label in disguise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic import Field

from delivery.gates.leaks import Skill, Twins, backdated, carriers, copied
from delivery.gates.verdict import Verdict
from serving.strict import Strict

GATE = "data"
FACTS = ("own", "base", "skill", "twins", "backdated", "known_before")
REQUIRED = "splits that are apart, no column that tells the label, the champion's columns and rows"


class Policy(Strict):
    """`rows` is a share of the champion's rows in each split. `missing_jump` and `label_jump` are
    differences of shares. `tells` is the AUC (R² for numbers) of one column alone. `labels` gives
    the lowest and the highest share of a class in every split.

    A column is suspicious that has `carries` of the model's skill and at least the skill `strong`,
    and no other comes within `lead` of it.
    `backdated` is a share of a split's rows; `copied` is by how much more of the holdout than of
    validation may stand among training rows."""

    rows: float = Field(default=0.5, ge=0, le=1)
    missing_jump: float = Field(default=0.2, gt=0, le=1)
    label_jump: float = Field(default=0.25, gt=0, le=1)
    tells: float = Field(default=0.99, gt=0.5, le=1)
    labels: Mapping[str, tuple[float, float]] = Field(default_factory=dict)
    carries: float = Field(default=0.95, gt=0)
    strong: float = Field(default=0.8, gt=0)
    lead: float = Field(default=0.1, ge=0)
    backdated: float = Field(default=0.005, ge=0, le=1)
    copied: float = Field(default=0.05, ge=0, le=1)


@dataclass(frozen=True)
class Profile:
    """What three splits hold.

    `rows` per split; `kinds`: column → number, text, truth, time or other; `missing`: split →
    column → share; `labels`: split → class → share, empty for numbers. `repeated` row ids stand
    twice in one split, `shared` ones in two. `ordered`: the holdout begins after everything else
    ends, None where rows have no time. `tells`: column → how well it alone tells the label of
    training rows, 0.5 to 1 (0 to 1 for numbers).
    """

    rows: Mapping[str, int]
    kinds: Mapping[str, str]
    missing: Mapping[str, Mapping[str, float]]
    labels: Mapping[str, Mapping[str, float]]
    repeated: int
    shared: int
    ordered: bool | None
    tells: Mapping[str, float]


@dataclass(frozen=True)
class Evidence:
    """The candidate's data, and the champion's; `first`: there is none. None: it cannot be read,
    and `missing` says why. `skill` is None without scores, `twins` without rows to compare.
    `backdated`: split → share of rows that the champion's data has not, from a time that it
    covers; None where there is no champion or no time. `known_before`: input → the author's reason
    why it is known when the prediction is made."""

    own: Profile | None
    base: Profile | None = None
    first: bool = False
    missing: str = ""
    skill: Skill | None = None
    twins: Twins | None = None
    backdated: Mapping[str, float] | None = None
    known_before: Mapping[str, str] = field(default_factory=dict)


def judge(evidence: Evidence, policy: Policy) -> Verdict:
    """Hold where the data needs a person's eyes; nothing about a model is proven by it."""
    own, base = evidence.own, evidence.base
    if own is None or (base is None and not evidence.first):
        why = evidence.missing or "the data of the champion is not there"
        return Verdict(GATE, "hold", "not looked at", REQUIRED, why)
    problems = [*_alone(evidence, own, policy), *_leaks(evidence, policy)]
    if base is not None:
        problems += [*_columns(own, base), *_volume(own, base, policy), *_shares(own, base, policy)]
    best = max(own.tells.items(), key=lambda item: item[1], default=("no column", 0.0))
    total = sum(own.rows.values())
    measured = f"{total:,} rows, {len(own.kinds)} columns; {best[0]} alone tells {best[1]:.3f}"
    details: dict[str, Any] = {name: asdict(evidence)[name] for name in FACTS} | {
        "problems": problems
    }
    if problems:
        return Verdict(GATE, "hold", measured, REQUIRED, "; ".join(problems), details)
    why = f"the data is as it should be{_untold(evidence)}"
    return Verdict(GATE, "pass", measured, REQUIRED, why, details)


def _leaks(evidence: Evidence, policy: Policy) -> Iterator[str]:
    if evidence.backdated is not None:
        yield from backdated(evidence.backdated, policy.backdated)
    if evidence.twins is not None:
        yield from copied(evidence.twins, policy.copied)
    if evidence.skill is not None:
        for name, problem in carriers(evidence.skill, policy.carries, policy.strong, policy.lead):
            if name not in evidence.known_before:
                yield problem


def _untold(evidence: Evidence) -> str:
    """What the rows cannot show."""
    twins = evidence.twins
    if evidence.backdated is not None or (twins is not None and twins.tell):
        return ""
    share = f": {twins.distinct:.0%} of the training rows have values of their own" if twins else ""
    return f"; copied rows cannot be told{share}"


def _alone(evidence: Evidence, own: Profile, policy: Policy) -> Iterator[str]:
    base = evidence.base
    if own.repeated:
        yield f"{own.repeated} row ids stand more than once in one split"
    if own.shared:
        yield f"{own.shared} row ids stand in two splits"
    if own.ordered is False and (base is None or base.ordered is not False):
        yield "the holdout begins before the other rows end: training has seen its time"
    for name, value in own.tells.items():
        if value >= policy.tells and name not in evidence.known_before:
            yield (
                f"column {name} alone tells the label ({value:.3f}): is it known when the "
                "prediction is made?"
            )
    for split, shares in own.labels.items():
        for label, (low, high) in policy.labels.items():
            share = shares.get(label, 0.0)
            if not low <= share <= high:
                yield f"{share:.1%} of {split} is {label}, expected {low:.1%} to {high:.1%}"


def _columns(own: Profile, base: Profile) -> Iterator[str]:
    for name, kind in base.kinds.items():
        if name not in own.kinds:
            yield f"column {name} is gone"
        elif own.kinds[name] != kind:
            yield f"column {name} was {kind} and is {own.kinds[name]}"


def _volume(own: Profile, base: Profile, policy: Policy) -> Iterator[str]:
    for split, before in base.rows.items():
        now = own.rows.get(split, 0)
        if now < policy.rows * before:
            yield f"{split} has {now:,} rows, the champion's had {before:,}"


def _shares(own: Profile, base: Profile, policy: Policy) -> Iterator[str]:
    jumps = (
        ("missing values in", own.missing, base.missing, policy.missing_jump),
        ("label", own.labels, base.labels, policy.label_jump),
    )
    for what, now, before, limit in jumps:
        for split in now.keys() & before.keys():
            for name in now[split].keys() & before[split].keys():
                is_now, was = now[split][name], before[split][name]
                if not abs(is_now - was) <= limit:  # NaN is beyond every limit
                    yield f"{split}: {what} {name} went from {was:.1%} to {is_now:.1%}"
