"""Nobody signs for an image with a severe vulnerability that a newer package would end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from delivery.gates.supply_chain.dependencies import Allowed, allowance
from delivery.gates.verdict import Status, Verdict, listed
from serving.strict import Strict

GATE = "vulnerabilities"
Severity = Literal["critical", "high", "medium", "low"]


class Policy(Strict):
    """`severities` block where there is a fix. `hours`: how old a report may be."""

    severities: tuple[Severity, ...] = ("critical", "high")
    hours: float = Field(default=24, gt=0)


@dataclass(frozen=True)
class Known:
    """A vulnerability of a package in the image. `names` are its id and its aliases, `fixed` the
    versions without it."""

    names: tuple[str, ...]
    package: str
    version: str
    severity: str
    fixed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """`known` by a report of `at` about the images `about`, each by a digest; None: there is no
    report, and `missing` says why. `image` has the digests of manifest and configuration of the
    one in question. `allowed` by the name of a vulnerability. `in_job`: nobody looks on."""

    image: frozenset[str]
    known: Sequence[Known] | None
    allowed: Mapping[str, Allowed]
    now: datetime
    in_job: bool
    about: frozenset[str] = frozenset()
    at: datetime | None = None
    missing: str = ""


def judge(evidence: Evidence, policy: Policy) -> Verdict:
    """Pass if nothing severe that can be fixed is known but what is allowed today. Without a report
    it holds in a job, and is not checked where a person sees that."""
    severe = " or ".join(policy.severities)
    required = f"no {severe} vulnerability with a fix that is not allowed today"
    if evidence.known is None or evidence.at is None:
        status: Status = "hold" if evidence.in_job else "not checked"
        return Verdict(GATE, status, "not checked", required, evidence.missing)
    measured = f"{len(evidence.known)} vulnerabilities by a report of {evidence.at:%Y-%m-%d %H:%M}"
    if unfit := _unfit(evidence, policy):
        return Verdict(GATE, "hold", measured, required, unfit)
    problems, notes = _sorted(evidence, policy)
    details = {"problems": problems, "allowed": notes}
    if problems:
        return Verdict(GATE, "fail", measured, required, listed(problems), details)
    why = "; ".join(notes) or "none of them is severe and has a fix"
    return Verdict(GATE, "pass", measured, required, why, details)


def _unfit(evidence: Evidence, policy: Policy) -> str:
    """Why the report says nothing about the image now; empty where it does."""
    assert evidence.at is not None, "there is a report"
    if not evidence.about & evidence.image:
        return f"the report is about another image, {', '.join(sorted(evidence.about))}"
    age = evidence.now - evidence.at
    if not timedelta(hours=-1) < age <= timedelta(hours=policy.hours):
        return f"the report is not of the last {policy.hours:g} hours; scan the image again"
    return ""


def _sorted(evidence: Evidence, policy: Policy) -> tuple[list[str], list[str]]:
    """What blocks, and what is allowed."""
    problems, notes = [], []
    today = evidence.now.date()
    for known in evidence.known or ():
        if known.severity not in policy.severities or not known.fixed:
            continue
        allowed = allowance(known.names, evidence.allowed)
        what = f"{known.package} {known.version} has {known.names[0]} ({known.severity})"
        if allowed is None:
            problems.append(f"{what}, fixed in {', '.join(known.fixed)}")
        elif allowed.until < today:
            problems.append(f"{what}, which was allowed until {allowed.until}")
        else:
            notes.append(f"{what}, allowed until {allowed.until}: {allowed.reason}")
    return problems, notes
