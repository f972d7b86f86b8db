"""What is about to start must be what the evidence on main is about, as `delivery` wrote it.

Evidence about other bytes counts as missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from delivery.gates.verdict import BLOCKING, Verdict
from serving.contract import Strict

GATE = "freshness"


class Policy(Strict):
    """Nothing to tune: evidence is about these bytes or it is not."""


@dataclass(frozen=True)
class Evidence:
    """What main wants: the release, the sha256 of its bento and of the text of its record. `found`
    is the content of evidence.json, None where it is missing or cannot be read. `proposed`: there
    is the tag of `delivery` for exactly these files. `rollback`: judged when it came first."""

    release: str
    bento_sha256: str
    record_sha256: str
    found: Mapping[str, Any] | None
    proposed: bool
    rollback: bool = False
    in_job: bool = False


def judge(evidence: Evidence, policy: Policy) -> Verdict:  # noqa: ARG001 - every gate has one
    """Fail on what `delivery` did not write; hold where it is about something else."""
    required = f"evidence.json is about {evidence.release} and its bytes, as delivery proposed it"
    problems = "; ".join(_problems(evidence))
    if not evidence.proposed:
        why = (
            "desired.yaml or evidence.json is not what delivery proposed: somebody wrote it by hand"
        )
        return Verdict(GATE, "fail", "not proposed", required, f"{why} ({problems or 'edited'})")
    if problems:
        return Verdict(GATE, "hold", "no evidence about it", required, problems)
    about = "a rollback to" if evidence.rollback else "about"
    measured = f"{about} {evidence.release}, bento {evidence.bento_sha256[:12]}"
    return Verdict(GATE, "pass", measured, required, "it is what delivery proposed")


def _problems(evidence: Evidence) -> Iterator[str]:
    found = evidence.found
    if not found:
        yield "evidence.json is missing or cannot be read"
        return
    if found.get("release") != evidence.release:
        yield f"evidence.json is about {found.get('release')}"
    if evidence.rollback:
        return
    judged = found.get("judged")
    bento = judged.get("candidate_sha256") if isinstance(judged, Mapping) else None
    for name, about, wanted in (
        ("bento", bento, evidence.bento_sha256),
        ("record", found.get("record_sha256"), evidence.record_sha256),
    ):
        if about != wanted:
            shown = f"the {name} {str(about)[:12]}…" if about else f"no {name}"
            yield f"evidence.json is about {shown}, main has {wanted[:12]}…"
    yield from _unsettled(found, in_job=evidence.in_job)


def _unsettled(found: Mapping[str, Any], *, in_job: bool) -> Iterator[str]:
    """Verdicts that do not let it pass here, and that nobody overrode."""
    refusing = (*BLOCKING, "not checked") if in_job else BLOCKING
    for verdict in found.get("verdicts") or ():
        if verdict.get("status") in refusing and not verdict.get("override"):
            yield f"{verdict.get('gate')}: {verdict.get('status')}"
