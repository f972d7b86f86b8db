"""Code that is dangerous: bandit, medium severity and confidence or more.

A line that is right carries `# nosec RULE` and its reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from delivery.scanners.finding import Finding, Scan, judged, parsed, run
from delivery.scanners.memory import FORGETFUL, Memory, asked_of

CODE = ("delivery", "pipeline", "serving", "model", "service.py")
OPTIONS = ("-q", "-r", "-ll", "-ii", "-f", "json")


def scan(root: Path, memory: Memory = FORGETFUL) -> Scan:
    """Look at those of CODE that are there."""
    there = [path for path in CODE if (root / path).exists()]
    about = asked_of("bandit", root, _files(root, there), *OPTIONS)
    found = memory.recall(about, partial(_ask, root, there))
    return judged("code", [Finding(*one) for one in found])


def _ask(root: Path, there: list[str]) -> list[list[Any]]:
    """What makes a Finding each. The report itself quotes the code, secrets and all."""
    report = parsed(run(root, "bandit", *OPTIONS, *there), "bandit")
    return [
        [found["test_id"], found["filename"], found["line_number"], found["issue_text"]]
        for found in report["results"]
    ] + [
        ["unreadable", error["filename"], 1, f"bandit cannot look at it: {error['reason']}"]
        for error in report["errors"]
    ]


def _files(root: Path, there: list[str]) -> Iterator[str]:
    for path in there:
        place = root / path
        files = place.rglob("*.py") if place.is_dir() else (place,)
        yield from (str(file.relative_to(root)) for file in files)
