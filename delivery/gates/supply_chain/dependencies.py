"""No package that a release installs may have a known vulnerability that is not allowed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from delivery.gates.verdict import Status, Verdict, listed

GATE = "dependencies"
REQUIRED = "no known vulnerability that is not allowed today"


@dataclass(frozen=True)
class Advisory:
    """What is known about a locked package. `names` are its id and its aliases, `fixed` the
    versions without it."""

    names: tuple[str, ...]
    package: str
    version: str
    fixed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Allowed:
    """An advisory that does not block up to and including `until`."""

    until: date
    reason: str


@dataclass(frozen=True)
class Evidence:
    """`known` about all `packages` of the lock inside the bento; None: no source answered, and
    `missing` says why. `allowed` by the name of an advisory. `in_job`: nobody looks on."""

    packages: int
    known: Sequence[Advisory] | None
    allowed: Mapping[str, Allowed]
    today: date
    in_job: bool
    missing: str = ""


def judge(evidence: Evidence) -> Verdict:
    """Pass if nothing is known but what is allowed today. Without a source of advisories it holds
    in a job, and is not checked where a person sees that."""
    if evidence.known is None:
        status: Status = "hold" if evidence.in_job else "not checked"
        return Verdict(GATE, status, "not checked", REQUIRED, evidence.missing)
    if not evidence.packages:
        return Verdict(GATE, "hold", "no package", REQUIRED, "the lock names no package")
    measured = f"{evidence.packages} packages, {len(evidence.known)} advisories"
    problems, notes = [], []
    for advisory in evidence.known:
        allowed = allowance(advisory.names, evidence.allowed)
        what = f"{advisory.package} {advisory.version} has {advisory.names[0]}"
        if allowed is None:
            fixed = ", ".join(advisory.fixed) or "no version yet"
            problems.append(f"{what}, fixed in {fixed}")
        elif allowed.until < evidence.today:
            problems.append(f"{what}, which was allowed until {allowed.until}")
        else:
            notes.append(f"{what}, allowed until {allowed.until}: {allowed.reason}")
    details = {"problems": problems, "allowed": notes}
    if problems:
        return Verdict(GATE, "fail", measured, REQUIRED, listed(problems), details)
    return Verdict(GATE, "pass", measured, REQUIRED, "; ".join(notes) or "none is known", details)


def allowance(names: Sequence[str], allowed: Mapping[str, Allowed]) -> Allowed | None:
    """The allowance that lasts longest, by any of the names of a vulnerability."""
    entries = [allowed[name] for name in names if name in allowed]
    return max(entries, key=lambda entry: entry.until) if entries else None
