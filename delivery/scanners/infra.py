"""What the environments shall run: every file there is one that a deployment could read."""

from __future__ import annotations

from pathlib import Path

from delivery.errors import InputError
from delivery.scanners.finding import Finding, Scan, judged
from delivery.settings.policy import read_settings
from delivery.state.desired import desired_path, evidence_path, parse_desired
from delivery.state.evidence_file import parse_evidence


def scan(root: Path) -> Scan:
    findings = []
    for environment in read_settings(root).environments:
        for path in (desired_path(environment), evidence_path(environment)):
            try:
                _read(root, path)
            except (InputError, OSError, ValueError) as error:
                findings.append(Finding("unreadable", path, 1, str(error)))
    return judged("infra", findings)


def _read(root: Path, path: str) -> None:
    text = (root / path).read_text(encoding="utf-8")
    if path.endswith(".json"):
        parse_evidence(text, path)
    else:
        parse_desired(text, path)
