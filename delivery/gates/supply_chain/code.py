"""Code that goes into a release, or made its model, must not be known as dangerous."""

from __future__ import annotations

from delivery.gates.findings import Findings, judge_findings
from delivery.gates.verdict import Verdict

GATE = "code"
REQUIRED = "no finding of medium severity and confidence or more"
Evidence = Findings


def judge(evidence: Evidence) -> Verdict:
    """Pass if nothing was found."""
    return judge_findings(GATE, evidence, REQUIRED, clean="nothing dangerous is known in it")
