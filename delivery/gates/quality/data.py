"""The data that a candidate was made from must look like data: no column gone, not half the rows,
no row in two splits, no column that is the label in disguise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import Field

from delivery.gates.verdict import Verdict
from serving.strict import Strict

GATE = "data"
REQUIRED = "splits that are apart, no column that tells the label, the champion's columns and rows"


class Policy(Strict):
    """`rows` is a share of the champion's rows in each split. `missing_jump` and `label_jump` are
    differences of shares. `tells` is the AUC (R² for numbers) of one column alone. `labels` gives
    the lowest and the highest share of a class in every split."""

    rows: float = Field(default=0.5, ge=0, le=1)
    missing_jump: float = Field(default=0.2, gt=0, le=1)
    label_jump: float = Field(default=0.25, gt=0, le=1)
    tells: float = Field(default=0.99, gt=0.5, le=1)
    labels: Mapping[str, tuple[float, float]] = Field(default_factory=dict)


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
    and `missing` says why."""

    own: Profile | None
    base: Profile | None = None
    first: bool = False
    missing: str = ""


def judge(evidence: Evidence, policy: Policy) -> Verdict:
    """Hold where the data needs a person's eyes; nothing about a model is proven by it."""
    own, base = evidence.own, evidence.base
    if own is None or (base is None and not evidence.first):
        why = evidence.missing or "the data of the champion is not there"
        return Verdict(GATE, "hold", "not looked at", REQUIRED, why)
    problems = [*_alone(own, base, policy)]
    if base is not None:
        problems += [*_columns(own, base), *_volume(own, base, policy), *_shares(own, base, policy)]
    best = max(own.tells.items(), key=lambda item: item[1], default=("no column", 0.0))
    total = sum(own.rows.values())
    measured = f"{total:,} rows, {len(own.kinds)} columns; {best[0]} alone tells {best[1]:.3f}"
    details: dict[str, Any] = {
        "own": asdict(own), "base": asdict(base) if base else None, "problems": problems,
    }  # fmt: skip
    if problems:
        return Verdict(GATE, "hold", measured, REQUIRED, "; ".join(problems), details)
    return Verdict(GATE, "pass", measured, REQUIRED, "the data is as it should be", details)


def _alone(own: Profile, base: Profile | None, policy: Policy) -> Iterator[str]:
    if own.repeated:
        yield f"{own.repeated} row ids stand more than once in one split"
    if own.shared:
        yield f"{own.shared} row ids stand in two splits"
    if own.ordered is False and (base is None or base.ordered is not False):
        yield "the holdout begins before the other rows end: training has seen its time"
    for name, value in own.tells.items():
        if value >= policy.tells:
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
