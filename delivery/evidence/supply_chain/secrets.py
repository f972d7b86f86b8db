"""Secrets in the source of a candidate."""

from __future__ import annotations

from delivery.bento.digest import file_hashes
from delivery.evidence.supply_chain.source import cache_of, laid_out, lines
from delivery.evidence.trial import Trial
from delivery.gates.findings import Findings
from delivery.scanners import secrets


def gather(trial: Trial) -> Findings:
    """As the candidate's commit has it."""
    checkout = trial.submitted.checkout
    with laid_out(checkout, trial.submitted.candidate.commit) as root:
        return Findings(lines(secrets.scan(root, cache_of(checkout), tuple(file_hashes(root)))))
