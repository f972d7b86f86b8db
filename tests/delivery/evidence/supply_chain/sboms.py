"""SBOMs of packages that do not exist."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

from delivery.release.candidate import Candidate


def listing(candidate: Candidate, **licences: str) -> Candidate:
    """The candidate with an SBOM that lists version 1.0 of each package with its licence."""
    components = [
        {
            "name": name,
            "version": "1.0",
            "licenses": [{"license": {"id": licence}}] if licence else [],
        }
        for name, licence in licences.items()
    ]
    text = json.dumps({"bomFormat": "CycloneDX", "components": components})
    return replace(candidate, sbom=text, sbom_sha256=hashlib.sha256(text.encode()).hexdigest())
