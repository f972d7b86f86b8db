"""Dangerous code in the source of a candidate."""

from __future__ import annotations

from delivery.evidence.supply_chain.source import cache_of, laid_out, lines
from delivery.evidence.trial import Trial
from delivery.gates.findings import Findings
from delivery.scanners import code


def gather(trial: Trial) -> Findings:
    """As the candidate's commit has it."""
    checkout = trial.submitted.checkout
    with laid_out(checkout, trial.submitted.candidate.commit) as root:
        return Findings(lines(code.scan(root, cache_of(checkout))))
