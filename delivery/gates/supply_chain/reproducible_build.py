"""The same source and model must give the same bento, wherever and whenever it is packaged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from delivery.gates.verdict import Verdict

GATE = "reproducible_build"
NAMED = 3
REQUIRED = "two builds in different folders, umasks and time zones have the same bytes"


@dataclass(frozen=True)
class Evidence:
    """Path → sha256 of every file of two builds. None: not built, and `missing` says why."""

    first: Mapping[str, str]
    second: Mapping[str, str] | None
    missing: str = ""


def judge(evidence: Evidence) -> Verdict:
    """Pass if both builds have the same files with the same bytes."""
    first, second = evidence.first, evidence.second
    if second is None or not first:
        why = evidence.missing or "there is no second build to compare with"
        return Verdict(GATE, "hold", "not built twice", REQUIRED, why)
    differ = sorted(
        name for name in first.keys() | second.keys() if first.get(name) != second.get(name)
    )
    measured = f"{len(differ)} of {len(first.keys() | second.keys())} files differ"
    details = {"differ": differ}
    if differ:
        more = f" and {len(differ) - NAMED} more" if len(differ) > NAMED else ""
        why = f"{', '.join(differ[:NAMED])}{more}: something in the build depends on its place"
        return Verdict(GATE, "fail", measured, REQUIRED, why, details)
    return Verdict(GATE, "pass", measured, REQUIRED, "both builds are the same", details)
