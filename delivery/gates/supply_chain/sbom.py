"""The SBOM must list what the bento installs: all of it, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from delivery.gates.verdict import Verdict, listed

GATE = "sbom"
REQUIRED = "the SBOM lists every package of the bento's lock for its platform, and no other"


@dataclass(frozen=True)
class Evidence:
    """`locked` and `listed` map package → version: by the lock, and by the SBOM. `recorded` is
    the SBOM's sha256 in the record and `sha256` that of the SBOM that is there; equal where there
    is no record yet. `listed` None: there is no SBOM, and `missing` says why."""

    locked: Mapping[str, str]
    listed: Mapping[str, str] | None
    recorded: str = ""
    sha256: str = ""
    missing: str = ""


def judge(evidence: Evidence) -> Verdict:
    """Pass if both lists are the same and the SBOM is the one of the record."""
    if evidence.listed is None:
        return Verdict(GATE, "hold", "no SBOM", REQUIRED, evidence.missing)
    measured = f"{len(evidence.listed)} packages listed, {len(evidence.locked)} locked"
    problems = _differences(evidence.locked, evidence.listed)
    if evidence.recorded != evidence.sha256:
        problems.insert(
            0, f"its sha256 is {evidence.sha256[:12]}…, the record says {evidence.recorded[:12]}…"
        )
    if not evidence.locked:
        problems.insert(0, "the lock names no package")
    details = {"sha256": evidence.sha256, "problems": problems}
    if problems:
        return Verdict(GATE, "fail", measured, REQUIRED, listed(problems), details)
    return Verdict(GATE, "pass", measured, REQUIRED, "the SBOM is complete", details)


def _differences(locked: Mapping[str, str], listed: Mapping[str, str]) -> list[str]:
    problems = []
    for name in sorted(locked.keys() | listed.keys()):
        if name not in listed:
            problems.append(f"{name} {locked[name]} is not listed")
        elif name not in locked:
            problems.append(f"{name} {listed[name]} is listed and not locked")
        elif locked[name] != listed[name]:
            problems.append(f"{name} is listed as {listed[name]}, locked as {locked[name]}")
    return problems
