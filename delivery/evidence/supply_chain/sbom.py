"""The packages that an SBOM lists, beside those that the bento installs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from delivery.errors import InputError
from delivery.evidence.trial import Trial
from delivery.gates.supply_chain.sbom import Evidence
from delivery.release.candidate import Candidate
from delivery.release.sbom import Component, components, locked


def gather(trial: Trial) -> Evidence:
    """Of the candidate."""
    return inspect(trial.submitted.candidate)


def inspect(candidate: Candidate) -> Evidence:
    """Of a candidate or of a release."""
    packages, missing = listed(candidate)
    versions = {name: package.version for name, package in packages.items()} if packages else None
    sha256 = hashlib.sha256((candidate.sbom or "").encode()).hexdigest()
    wanted = locked(candidate.bento.path, candidate.platform)
    return Evidence(wanted, versions, candidate.sbom_sha256 or "", sha256, missing)


def listed(candidate: Candidate) -> tuple[Mapping[str, Component] | None, str]:
    """What the SBOM lists, or None and why not."""
    if candidate.sbom is None:
        return None, (
            f"{candidate.bento.id} was released without an SBOM; `delivery release` makes a "
            "release that has one"
        )
    try:
        return components(candidate.sbom, "the SBOM"), ""
    except InputError as error:
        return None, str(error)
