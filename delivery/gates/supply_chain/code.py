"""Code that goes into a release, or made its model, must not be known as dangerous."""

from __future__ import annotations

from delivery.gates.findings import Findings, judge_findings
from delivery.gates.verdict import Verdict
from serving.contract import Strict

GATE = "code"
REQUIRED = "no finding of medium severity and confidence or more"
Evidence = Findings


class Policy(Strict):
    """Nothing to tune: a line that has to be so says why, beside it."""


def judge(evidence: Evidence, policy: Policy) -> Verdict:  # noqa: ARG001 - every gate has one
    """Pass if nothing was found."""
    return judge_findings(GATE, evidence, REQUIRED, clean="nothing dangerous is known in it")
