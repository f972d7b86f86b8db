"""Locked packages with known vulnerabilities: pip-audit over a lock.

`requirements/advisories.yaml` may allow one for a while:

    - { id: GHSA-xxxx-xxxx-xxxx, until: 2027-01-31, reason: "not reachable: …" }

Where no source of advisories answers, nothing is known, and that is no pass.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from pydantic import Field

from delivery.cache import NO_CACHE, Cache
from delivery.documents import parse_yaml
from delivery.errors import InputError
from delivery.scanners.finding import Finding, Scan, asked_of, judged, parsed, run
from serving.strict import DocumentError, Strict, parse

LOCK = "requirements/dev.lock"  # one resolution: every other lock is a part of it
ALLOWED = "requirements/advisories.yaml"
HOURS = 24.0  # how long an answer counts: advisories appear on any day
# What pip-audit says where its source cannot be reached, and where it has no such package.
UNREACHABLE = ("ConnectionError", "ConnectTimeout", "ProxyError", "SSLError")
NOT_FOUND = re.compile(r"not found on PyPI and could not be audited: (.+ \(.+\))")
OPTIONS = ("--disable-pip", "--strict", "-f", "json", "--progress-spinner", "off")


class Allowance(Strict):
    """An advisory that does not block before `until`."""

    id: str
    until: date
    reason: str = Field(min_length=10)


@dataclass(frozen=True, slots=True)
class Known:
    """An advisory about a locked package. `names` are its id and the aliases of it."""

    names: tuple[str, ...]
    package: str
    version: str
    fixed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Audit:
    """Who is asked: the address of an OSV interface, or, empty, PyPI; in a job or by a person;
    on which day."""

    advisories: str
    in_job: bool
    today: date


def scan(root: Path, audit: Audit, cache: Cache = NO_CACHE) -> Scan:
    try:
        advisories = known(root, LOCK, audit, cache)
    except InputError as error:
        return Scan("dependencies", "hold" if audit.in_job else "not checked", why=str(error))
    file = root / ALLOWED
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    allowed = {entry.id for entry in allowances(text) if entry.until >= audit.today}
    return judged(
        "dependencies",
        [_finding(advisory) for advisory in advisories if not allowed & {*advisory.names}],
    )


def known(root: Path, lock: str, audit: Audit, cache: Cache) -> tuple[Known, ...]:
    """What is known about the packages of `lock`.

    Raises:
        InputError: no source of advisories answered about all of them.
    """
    source = ("-s", "osv", "--osv-url", audit.advisories) if audit.advisories else ("-s", "pypi")
    about = asked_of("pip-audit", root, [lock], *source)
    return tuple(
        Known(tuple(names), package, version, tuple(fixed))
        for names, package, version, fixed in cache.recall(
            about, partial(_ask, root, lock, source), hours=HOURS
        )
    )


def _ask(root: Path, lock: str, source: tuple[str, ...]) -> list[list[object]]:
    """What makes a Known each."""
    done = run(root, "pip-audit", "-r", lock, *OPTIONS, *source)
    try:
        packages = parsed(done, "pip-audit")["dependencies"]
    except InputError as error:
        why = _silence(done.stderr, source[-1]) or error
        raise InputError(f"no source of advisories answered: {why}") from error
    return [
        [
            [advisory["id"], *advisory.get("aliases", ())],
            package["name"],
            package["version"],
            advisory["fix_versions"],
        ]
        for package in packages
        for advisory in package.get("vulns", ())
    ]


def _silence(said: str, source: str) -> str:
    """Why pip-audit has no answer from a source, and what to do; empty where it is no fault of
    the source."""
    missing = NOT_FOUND.search(said)
    if missing:
        return (
            f"{source} has no page about {missing[1]}, so nothing is known about any package, good "
            "or bad. A mirror of PyPI may have no such pages, and PyPI has none about packages of "
            "your own. Let ADVISORIES_URL name an OSV interface"
        )
    if any(word in said for word in UNREACHABLE):
        return (
            f"{source} cannot be reached from here, so nothing is known about any package, good or "
            "bad. Try again with a network, or let ADVISORIES_URL name an OSV interface that can "
            "be reached"
        )
    return ""


def allowances(text: str) -> tuple[Allowance, ...]:
    """What the text of ALLOWED allows; InputError names a line that is not one."""
    entries = parse_yaml(text, ALLOWED) or []
    if not isinstance(entries, list):
        raise InputError(f"{ALLOWED} is no list. Each line has an id, a date `until` and a reason.")
    try:
        return tuple(parse(Allowance, entry, source=ALLOWED) for entry in entries)
    except DocumentError as error:
        raise InputError(f"{error}. Each line has an id, a date `until` and a reason.") from error


def _finding(advisory: Known) -> Finding:
    fixed = ", ".join(advisory.fixed) or "no version yet"
    message = f"{advisory.package} {advisory.version}: fixed in {fixed}; `make lock UPGRADE=1`"
    return Finding(advisory.names[0], LOCK, 1, message)
