"""Not worse than the champion, release after release, can still go downhill: a candidate is also
compared with the best releases that were verified in the last months."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import Field

from delivery.gates.numbers.paired import Comparison, PairedLosses, compare, more_rows, shortcomings
from delivery.gates.verdict import Verdict
from serving.strict import Strict

GATE = "best"


class Policy(Strict):
    """`margin` is a share of the earlier release's loss; the best `releases` of the last `months`
    count."""

    margin: float = Field(default=0.02, ge=0, lt=1)
    months: int = Field(default=12, ge=1)
    releases: int = Field(default=3, ge=1, le=20)
    minimum_rows: int = Field(default=50, ge=2)
    minimum_clusters: int = Field(default=10, ge=2)


@dataclass(frozen=True)
class Evidence:
    """`losses`: earlier release → the candidate's losses and its own, on the same rows. `left_out`:
    release → why it cannot be compared. `missing`: why one that could be was not."""

    losses: Mapping[str, PairedLosses] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    missing: str = ""


def judge(evidence: Evidence, policy: Policy) -> Verdict:
    """Pass if not worse than any of them by more than the margin."""
    required = f"not worse than the best of {policy.months} months by more than {policy.margin:.1%}"
    minimum = {"rows": policy.minimum_rows, "clusters": policy.minimum_clusters}
    problems = [evidence.missing] if evidence.missing else []
    for release, losses in evidence.losses.items():
        problems += [f"{release}: {problem}" for problem in shortcomings(losses, "", minimum)]
    if problems:
        return Verdict(GATE, "hold", "not measured", required, "; ".join(problems))
    comparisons = {release: compare(losses) for release, losses in evidence.losses.items()}
    details = {
        "releases": {release: comparison.to_json() for release, comparison in comparisons.items()},
        "left_out": dict(evidence.left_out),
    }
    note = "".join(f"; {name} is left out: {why}" for name, why in evidence.left_out.items())
    if not comparisons:
        why = f"no earlier release was better than the champion{note}"
        return Verdict(GATE, "pass", "nothing to compare with", required, why, details)
    measured = "; ".join(
        f"{release} {comparison.reference:.4f} "
        f"({comparison.relative(comparison.difference):+.2%}, "
        f"bound {comparison.relative(comparison.upper):+.2%})"
        for release, comparison in comparisons.items()
    )
    beyond = {
        name: comparison
        for name, comparison in comparisons.items()
        if _beyond(comparison, policy.margin)
    }
    worse = [release for release, comparison in beyond.items() if comparison.inferior]
    if worse:
        why = f"quality goes downhill: worse than {', '.join(worse)}, proven{note}"
        return Verdict(GATE, "fail", measured, required, why, details)
    if beyond:
        why = (
            f"the bound is beyond the margin of {', '.join(beyond)} and harm is not proven: there "
            f"are too few rows to tell. {more_rows(GATE)}{note}"
        )
        return Verdict(GATE, "hold", measured, required, why, details)
    return Verdict(GATE, "pass", measured, required, f"as good as before{note}", details)


def _beyond(comparison: Comparison, margin: float) -> bool:
    return comparison.upper > margin * comparison.reference
