"""A candidate must not be worse than the champion that runs, on the same rows.

Paired losses, resampled by cluster: the candidate passes if the one-sided 95% upper bound of
its mean loss difference stays within the margin (non-inferiority). Slices refuse only on proven
harm. The gate holds where the exam itself cannot be trusted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from numpy.typing import NDArray
from pydantic import Field

from delivery.gates.numbers.paired import Comparison, PairedLosses, compare, more_rows, shortcomings
from delivery.gates.numbers.slices import Slice, slices
from delivery.gates.verdict import Status, Verdict
from serving.strict import Strict

GATE = "champion"


class Policy(Strict):
    """Margins are shares of the champion's loss on the same rows: 0.02 = 2%. Why not less:
    docs/gates/operating-characteristics.md."""

    margin: float = Field(default=0.02, ge=0, lt=1)
    minimum_rows: int = Field(default=50, ge=2)
    minimum_clusters: int = Field(default=10, ge=2)
    slice_margin: float = Field(default=0.02, ge=0, lt=1)
    # With 200 rows equal models were refused 40 to 50% of the time, with 1,000 rows 0 to 3%.
    slice_rows: int = Field(default=1_000, ge=2)


@dataclass(frozen=True)
class Evidence:
    """What the champion gate looks at.

    `losses.reference` is the champion's; None if not scored, and `missing` says why. `segments`
    gives the value of each row per segment column. `trained_until` is the champion's and
    `holdout_from` the first timestamp of the holdout (ISO). `conflicts` are the ways in which
    the exam differs from the one the base branch would set. `reason` is a person's, for a
    change that is not a retrain and need not be better.
    """

    losses: PairedLosses | None
    missing: str = ""
    segments: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    trained_until: str | None = None
    holdout_from: str | None = None
    conflicts: tuple[str, ...] = ()
    retrain: bool = True
    reason: str | None = None


def judge(evidence: Evidence, policy: Policy) -> Verdict:
    """Pass if not worse by more than the margin, in the whole and in no slice, proven."""
    required = f"95% bound of the loss difference ≤ {policy.margin:+.1%} of the champion's"
    minimum = {"rows": policy.minimum_rows, "clusters": policy.minimum_clusters}
    problems = shortcomings(evidence.losses, evidence.missing, minimum)
    if evidence.losses is None or problems:
        return Verdict(GATE, "hold", "not measured", required, "; ".join(problems))
    comparison = compare(evidence.losses)
    table = slices(evidence.losses, evidence.segments, policy.slice_rows, policy.slice_margin)
    status, why = _decide(comparison, table, evidence, policy)
    measured = (
        f"{evidence.losses.metric} {comparison.candidate:.4f}, champion {comparison.reference:.4f} "
        f"({comparison.relative(comparison.difference):+.2%}); "
        f"bound {comparison.relative(comparison.upper):+.2%}"
    )
    details = {
        "difference": comparison.to_json(),
        "margin": policy.margin * comparison.reference,
        "superior": comparison.superior,
        "slices": [part.to_json() for part in table],
    }
    return Verdict(GATE, status, measured, required, why, details)


def _decide(
    comparison: Comparison, table: tuple[Slice, ...], evidence: Evidence, policy: Policy
) -> tuple[Status, str]:
    superiority = "superiority is shown" if comparison.superior else "superiority is not shown"
    exam = [*leak(evidence.trained_until, evidence.holdout_from), *evidence.conflicts]
    if exam:
        return "hold", "the comparison cannot be trusted: " + "; ".join(exam)
    if comparison.upper > policy.margin * comparison.reference:
        if comparison.inferior:
            return "fail", "the candidate is worse than the champion, proven"
        return "hold", (
            "the bound is beyond the margin and harm is not proven: there are too few rows to "
            f"tell. {more_rows(GATE)}"
        )
    harmed = [part for part in table if part.harmed]
    if harmed:
        return "fail", "harm is proven in " + ", ".join(part.describe() for part in harmed)
    if not evidence.retrain and not comparison.superior and not evidence.reason:
        return "hold", (
            "the change is more than new data and superiority is not shown: "
            'improve it, or say why with `--reason "…"`'
        )
    given = f"; reason given: {evidence.reason}" if evidence.reason else ""
    return "pass", f"not worse than the margin; {superiority}{given}"


def leak(
    trained_until: str | None, holdout_from: str | None, who: str = "the champion"
) -> tuple[str, ...]:
    """A model that was trained on the holdout would look too good."""
    if trained_until is None or holdout_from is None:
        return ()
    try:
        until, first = _moment(trained_until), _moment(holdout_from)
    except ValueError as error:
        return (f"the time of training or of the holdout cannot be read: {error}",)
    # A date alone stands for the whole day.
    if "T" not in trained_until and " " not in trained_until:
        seen = until.date() >= first.date()
    else:
        seen = until >= first
    if not seen:
        return ()
    return (
        f"{who} was trained until {trained_until} and the holdout starts at "
        f"{holdout_from}: it has seen the answers, so wait for newer data",
    )


def _moment(text: str) -> datetime:
    if len(text) == len("2013-07-01"):
        day = date.fromisoformat(text)
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
