"""What the environments shall run: every file there is one that a deployment could read, and what
it renders for Kubernetes keeps the rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from delivery.errors import InputError
from delivery.manifests.policy import breaches
from delivery.manifests.render import kustomization, render, stand_in
from delivery.scanners.finding import Finding, Scan, judged
from delivery.settings.policy import read_settings
from delivery.state.desired import ReleaseRef, desired_path, evidence_path, parse_desired
from delivery.state.evidence_file import parse_evidence


def scan(root: Path) -> Scan:
    findings = []
    for environment in read_settings(root).environments:
        for path in (desired_path(environment), evidence_path(environment)):
            try:
                _read(root, path)
            except (InputError, OSError, ValueError) as error:
                findings.append(Finding("unreadable", path, 1, str(error)))
        findings += _manifests(root, environment)
    return judged("infra", findings)


def _read(root: Path, path: str) -> None:
    text = (root / path).read_text(encoding="utf-8")
    if path.endswith(".json"):
        parse_evidence(text, path)
    else:
        parse_desired(text, path)


def _manifests(root: Path, environment: str) -> Iterator[Finding]:
    """With a release and without one; nothing for an environment that has no manifests."""
    path = kustomization(environment)
    if not (root / path).is_file():
        return
    policy = read_settings(root)
    named = policy.environments.get(environment)
    divider = getattr(named.target, "divider", "") if named else ""
    try:
        render(root, environment, ReleaseRef(), policy.serving, divider)
        manifests = render(root, environment, stand_in(), policy.serving, divider)
    except InputError as error:
        yield Finding("unrendered", path, 1, str(error))
        return
    for breach in breaches(manifests):
        yield Finding(breach.rule, path, 1, str(breach))
