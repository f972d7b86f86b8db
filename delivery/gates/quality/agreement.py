"""Does a release that scores files give the answers of the champion, on files like those?

Where no service runs nobody notices a changed answer at once, and no traffic can be moved back. So
both releases score the same files before a promotion.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from pydantic import Field

from delivery.gates.rollout import shadow
from delivery.gates.rollout.observations.pairs import Pairs
from delivery.gates.rollout.scores import psi
from delivery.gates.verdict import Verdict

GATE = "agreement"


class Policy(shadow.Policy):
    """The limits of a shadow. `shift`: the population stability index by which scores may move."""

    shift: float = Field(default=0.2, gt=0)


@dataclass(frozen=True)
class Evidence:
    """What both made of the files, row by row; None where they could not be scored, and `missing`
    says why."""

    pairs: Pairs | None
    missing: str = ""


def judge(evidence: Evidence, policy: Policy) -> Verdict:
    """Fail on proof of more failures or of more changed answers than the holdout has shown, hold
    on scores that moved."""
    pairs = evidence.pairs
    if pairs is None:
        required = "files that both releases have scored"
        return Verdict(GATE, "hold", "no scores to compare", required, evidence.missing)
    verdict = replace(shadow.judge(pairs, policy), gate=GATE)
    if verdict.status != "pass":
        return verdict
    shift = _shift(pairs)
    verdict = replace(
        verdict,
        measured=f"{verdict.measured}, scores moved by a PSI of {shift:.3f}",
        required=f"{verdict.required}, a PSI of at most {policy.shift:g}",
        details={**verdict.details, "shift": shift},
    )
    if shift > policy.shift:
        return replace(verdict, status="hold", why="the scores moved: look at the rows where")
    return verdict


def _shift(pairs: Pairs) -> float:
    """Of the class that moved farthest, where there are several."""
    columns = (np.atleast_2d(side[pairs.scored].T) for side in (pairs.champion, pairs.candidate))
    return max(psi(champion, candidate)[0] for champion, candidate in zip(*columns, strict=True))
