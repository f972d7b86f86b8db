"""Quality must not fall by much more than the champion's when inputs are a little wrong: noise,
missing values, categories that nobody has seen, outliers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import Field

from delivery.gates.numbers.paired import Comparison, PairedLosses, compare, shortcomings
from delivery.gates.verdict import Verdict
from serving.strict import Strict

GATE = "robustness"
NAMES: Mapping[str, str] = {
    "noise": "noise",
    "missing": "missing values",
    "unseen": "unseen categories",
    "outliers": "outliers",
}


class Policy(Strict):
    """How rows of the holdout are disturbed, and what that may cost.

    `noise` is a share of each number's standard deviation; `missing`, `unseen` and `outliers` are
    the share of rows in which each input is hit. `margin` is a share of the champion's loss,
    `limit` one of the model's own, for a first release.
    """

    rows: int = Field(default=2_000, ge=50, le=100_000)
    noise: float = Field(default=0.1, ge=0, le=1)
    missing: float = Field(default=0.1, ge=0, le=1)
    unseen: float = Field(default=0.1, ge=0, le=1)
    outliers: float = Field(default=0.01, ge=0, le=1)
    margin: float = Field(default=0.02, ge=0)
    limit: float = Field(default=0.5, ge=0)
    minimum_rows: int = Field(default=50, ge=2)
    minimum_clusters: int = Field(default=10, ge=2)

    def shares(self) -> Mapping[str, float]:
        """Kind of disturbance → how strong it is."""
        return {name: getattr(self, name) for name in ("noise", "missing", "unseen", "outliers")}


@dataclass(frozen=True)
class Evidence:
    """`falls`: kind → by how much the loss of each row rose, for the candidate and for the
    champion (0 for a first release). `loss` is the mean loss of the champion, or of the candidate
    itself, on the same rows undisturbed, `lead` how much lower the candidate's was. None: not
    asked, and `missing` says why."""

    falls: Mapping[str, PairedLosses] | None
    loss: float = 0.0
    lead: float = 0.0
    first: bool = False
    missing: str = ""


def judge(evidence: Evidence, policy: Policy) -> Verdict:
    """Fail on proof that the loss rises by more than it may under one of the disturbances.

    A model that is still better than the champion, both disturbed, has lost nothing by it: one
    that uses its inputs more has more to lose.
    """
    allowed = policy.limit if evidence.first else policy.margin
    beyond, whose = ("", "its") if evidence.first else (" beyond the champion's", "the champion's")
    required = (
        f"disturbed, 95% bound of the rise of its loss{beyond} ≤ {allowed:.0%} of {whose} loss"
    )
    problems = _problems(evidence, policy)
    if evidence.falls is None or problems:
        return Verdict(GATE, "hold", "not measured", required, "; ".join(problems))
    comparisons = {kind: compare(losses) for kind, losses in evidence.falls.items()}
    details = {
        "loss": evidence.loss,
        "lead": evidence.lead,
        "falls": {kind: comparison.to_json() for kind, comparison in comparisons.items()},
    }
    if not comparisons:
        why = "there is no input to disturb"
        return Verdict(GATE, "pass", "nothing disturbed", required, why, details)
    measured = "; ".join(
        _describe(kind, comparison, evidence) for kind, comparison in comparisons.items()
    )
    beyond_limit = [
        kind
        for kind, comparison in comparisons.items()
        if comparison.lower > allowed * evidence.loss
    ]
    fragile = [
        NAMES[kind]
        for kind in beyond_limit
        if evidence.first or comparisons[kind].difference > evidence.lead
    ]
    if fragile:
        why = f"proven to be fragile under {', '.join(fragile)}"
        return Verdict(GATE, "fail", measured, required, why, details)
    why = "no fragility is proven"
    if beyond_limit:
        kinds = ", ".join(NAMES[kind] for kind in beyond_limit)
        why = f"under {kinds} its loss rises by more, and stays below the champion's"
    return Verdict(GATE, "pass", measured, required, why, details)


def _problems(evidence: Evidence, policy: Policy) -> list[str]:
    if evidence.falls is None:
        return [evidence.missing or "nobody disturbed the inputs"]
    minimum = {"rows": policy.minimum_rows, "clusters": policy.minimum_clusters}
    return [
        f"{kind}: {problem}"
        for kind, losses in evidence.falls.items()
        for problem in shortcomings(losses, "", minimum)
    ]


def _describe(kind: str, comparison: Comparison, evidence: Evidence) -> str:
    """By how much the loss rises, as a share of `evidence.loss`, and the bound that decides."""
    share = evidence.loss or 1.0
    champion = "" if evidence.first else f"champion {comparison.reference / share:+.1%}, "
    return (
        f"{NAMES[kind]}: loss {comparison.candidate / share:+.1%} "
        f"({champion}bound {comparison.lower / share:+.1%})"
    )
