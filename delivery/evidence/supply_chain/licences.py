"""The licences of the packages that an SBOM lists."""

from __future__ import annotations

from delivery.evidence.supply_chain.sbom import listed
from delivery.evidence.trial import Trial
from delivery.gates.supply_chain.licences import Evidence
from delivery.release.candidate import Candidate


def gather(trial: Trial) -> Evidence:
    """Of the candidate."""
    return inspect(trial.submitted.candidate)


def inspect(candidate: Candidate) -> Evidence:
    """Of a candidate or of a release."""
    packages, missing = listed(candidate)
    if packages is None:
        return Evidence(None, missing)
    return Evidence({name: package.licences for name, package in packages.items()})
