"""Known vulnerabilities of what a bento installs, and those that main lets pass today."""

from __future__ import annotations

from delivery.errors import InputError
from delivery.evidence.supply_chain.source import audit_of, cache_of
from delivery.evidence.trial import Trial
from delivery.gates.supply_chain.dependencies import Advisory, Allowed, Evidence
from delivery.release.sbom import locked, widest_lock
from delivery.scanners.dependencies import ALLOWED, allowances, known


def gather(trial: Trial) -> Evidence:
    """Of the lock inside the bento."""
    submission = trial.submitted
    checkout, snapshot, candidate = submission.checkout, submission.snapshot, submission.candidate
    audit, bento = audit_of(checkout), candidate.bento.path
    packages = len(locked(bento, candidate.platform))
    allowed = {
        entry.id: Allowed(entry.until, entry.reason)
        for entry in allowances(snapshot.text(snapshot.commit, ALLOWED))
    }
    try:
        advisories = [
            Advisory(advisory.names, advisory.package, advisory.version, advisory.fixed)
            for advisory in known(bento, widest_lock(bento), audit, cache_of(checkout))
        ]
    except InputError as error:
        return Evidence(packages, None, allowed, audit.today, audit.in_job, str(error))
    return Evidence(packages, advisories, allowed, audit.today, audit.in_job)
