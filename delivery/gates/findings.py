"""What the gates of scanners share: findings in, verdict out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from delivery.gates.verdict import Verdict, listed


@dataclass(frozen=True)
class Findings:
    """`found` has a line per finding, as in `serving/http/app.py:7 text [B602]`, never a secret.
    None: nobody could look, and `missing` says why."""

    found: Sequence[str] | None
    missing: str = ""


def judge_findings(
    gate: str, findings: Findings, required: str, *, clean: str, advice: str = ""
) -> Verdict:
    """Pass if nothing was found, and say `clean`; `advice` follows what was found."""
    if findings.found is None:
        return Verdict(gate, "hold", "not looked at", required, findings.missing)
    entries = list(findings.found)
    measured = f"{len(entries)} found"
    if entries:
        return Verdict(
            gate, "fail", measured, required, listed(entries) + advice, {"found": entries}
        )
    return Verdict(gate, "pass", measured, required, clean)
