"""Code that is dangerous: bandit, medium severity and confidence or more.

A line that is right carries `# nosec RULE` and its reason.
"""

from __future__ import annotations

from pathlib import Path

from delivery.scanners.finding import Finding, Scan, judged, parsed, run

CODE = ("delivery", "pipeline", "serving", "model", "service.py")


def scan(root: Path) -> Scan:
    there = [path for path in CODE if (root / path).exists()]
    done = run(root, "bandit", "-q", "-r", *there, "-ll", "-ii", "-f", "json")
    report = parsed(done, "bandit")
    skipped = [
        Finding("unreadable", error["filename"], 1, f"bandit cannot look at it: {error['reason']}")
        for error in report["errors"]
    ]
    return judged(
        "code",
        [
            Finding(found["test_id"], found["filename"], found["line_number"], found["issue_text"])
            for found in report["results"]
        ]
        + skipped,
    )
