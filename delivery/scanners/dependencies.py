"""Locked packages with known vulnerabilities: pip-audit over the locks.

`requirements/advisories.yaml` may allow one for a while:

    - { id: GHSA-xxxx-xxxx-xxxx, until: 2027-01-31, reason: "not reachable: …" }

Where no source of advisories answers, nothing is known, and that is no pass.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from pydantic import Field

from delivery.errors import InputError
from delivery.scanners.finding import Finding, Scan, judged, parsed, run
from delivery.settings import parse_yaml
from serving.contract import ContractError, Strict, parse

LOCK = "requirements/dev.lock"  # one resolution: every other lock is a part of it
ALLOWED = "requirements/advisories.yaml"


class Allowance(Strict):
    """An advisory that does not block before `until`."""

    id: str
    until: date
    reason: str = Field(min_length=10)


def scan(root: Path, *, advisories: str, in_job: bool, today: date) -> Scan:
    """`advisories` is the address of an OSV interface; empty asks PyPI."""
    source = ["-s", "osv", "--osv-url", advisories] if advisories else ["-s", "pypi"]
    arguments = ["-r", LOCK, "--disable-pip", "--strict", "-f", "json", "--progress-spinner", "off"]
    done = run(root, "pip-audit", *arguments, *source)
    try:
        packages = parsed(done, "pip-audit")["dependencies"]
    except InputError as error:
        why = f"no source of advisories answered: {error}"
        return Scan("dependencies", "hold" if in_job else "not checked", why=why)
    allowed = {found.id for found in allowances(root) if found.until >= today}
    return judged("dependencies", _findings(packages, allowed))


def allowances(root: Path) -> tuple[Allowance, ...]:
    """What the file allows; InputError names a line that is not one."""
    file = root / ALLOWED
    if not file.is_file():
        return ()
    entries = parse_yaml(file.read_text(encoding="utf-8"), ALLOWED) or []
    if not isinstance(entries, list):
        raise InputError(f"{ALLOWED} is no list. Each line has an id, a date `until` and a reason.")
    try:
        return tuple(parse(Allowance, entry, source=ALLOWED) for entry in entries)
    except ContractError as error:
        raise InputError(f"{error}. Each line has an id, a date `until` and a reason.") from error


def _findings(packages: list[dict[str, Any]], allowed: set[str]) -> list[Finding]:
    return [
        Finding(
            known["id"],
            LOCK,
            1,
            f"{package['name']} {package['version']}: fixed in "
            f"{', '.join(known['fix_versions']) or 'no version yet'}; `make lock`",
        )
        for package in packages
        for known in package.get("vulns", ())
        if not allowed & {known["id"], *known.get("aliases", ())}
    ]
