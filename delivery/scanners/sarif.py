"""Findings as SARIF 2.1.0, which GitHub shows on its Security page."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from urllib.parse import quote

from delivery.scanners.finding import Finding, Scan

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(scans: Iterable[Scan]) -> str:
    """One run per scanner that looked: a run without findings closes those of before."""
    runs = [
        {
            "tool": {"driver": {"name": f"delivery scan: {scan.scanner}", "rules": _rules(scan)}},
            "results": [_result(finding) for finding in scan.findings],
        }
        for scan in scans
        if scan.status in ("pass", "fail")
    ]
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": runs}, indent=1) + "\n"


def _rules(scan: Scan) -> list[dict[str, object]]:
    return [{"id": rule} for rule in sorted({finding.rule for finding in scan.findings})]


def _result(finding: Finding) -> dict[str, object]:
    place = {
        "artifactLocation": {"uri": quote(os.fsencode(finding.path))},
        "region": {"startLine": max(finding.line, 1)},
    }
    return {
        "ruleId": finding.rule,
        "level": "error",
        "message": {"text": finding.message},
        "locations": [{"physicalLocation": place}],
    }
