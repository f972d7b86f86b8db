"""No secret may be in what is released, or in what made its model: a bento keeps it for ever."""

from __future__ import annotations

from delivery.gates.findings import Findings, judge_findings
from delivery.gates.verdict import Verdict

GATE = "secrets"
REQUIRED = "no file has a secret in it"
ADVICE = ". It is known to whoever can read: make it void first"
Evidence = Findings


def judge(evidence: Evidence) -> Verdict:
    """Pass if nothing was found."""
    clean = "no file looks as if it had one"
    return judge_findings(GATE, evidence, REQUIRED, clean=clean, advice=ADVICE)
