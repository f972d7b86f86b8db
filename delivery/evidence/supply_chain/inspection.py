"""Look into a bento instead of asking it: the gates that read what is inside."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from delivery.errors import InputError
from delivery.evidence.supply_chain.artefact import scan
from delivery.gates.policy import GatesPolicy
from delivery.gates.supply_chain import artefact, licences, sbom
from delivery.gates.supply_chain import reproducible_build as reproducible
from delivery.gates.verdict import Verdict
from delivery.release.candidate import Candidate
from delivery.release.sbom import Component, components, locked


def inspect_bento(candidate: Candidate, policy: GatesPolicy) -> tuple[Verdict, ...]:
    """The verdicts that need no server."""
    listed, missing = _listed(candidate)
    executes_code = candidate.contract.runtime == "python"
    verdicts = [
        artefact.judge(scan(candidate.bento.path, executes_code=executes_code), policy.artefact),
        sbom.judge(_sbom_evidence(candidate, listed, missing), policy.sbom),
        licences.judge(_licences_evidence(listed, missing), policy.licences),
    ]
    if candidate.builds is not None:
        verdicts.append(reproducible.judge(candidate.builds, policy.reproducible))
    return tuple(verdicts)


def _listed(candidate: Candidate) -> tuple[Mapping[str, Component] | None, str]:
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


def _sbom_evidence(
    candidate: Candidate,
    listed: Mapping[str, Component] | None,
    missing: str,
) -> sbom.Evidence:
    versions = {name: found.version for name, found in listed.items()} if listed else None
    sha256 = hashlib.sha256((candidate.sbom or "").encode()).hexdigest()
    wanted = locked(candidate.bento.path, candidate.platform)
    return sbom.Evidence(wanted, versions, candidate.sbom_sha256 or "", sha256, missing)


def _licences_evidence(listed: Mapping[str, Component] | None, missing: str) -> licences.Evidence:
    if listed is None:
        return licences.Evidence(None, missing)
    return licences.Evidence({name: found.licences for name, found in listed.items()})
