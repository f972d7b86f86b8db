"""Code that is dangerous: bandit, medium severity and confidence or more.

A line that is right carries `# nosec RULE` and its reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from delivery.cache import NO_CACHE, Cache
from delivery.scanners.finding import Finding, Scan, asked_of, by_path, judged, parsed, run

CODE = ("delivery", "pipeline", "serving", "model", "service.py")
# What bandit is less sure of is wrong more often than right; the gate `artefact` asks the same.
BANDIT = ("-q", "-ii", "-f", "json")
OPTIONS = (*BANDIT, "-ll")


def scan(root: Path, cache: Cache = NO_CACHE) -> Scan:
    """Look at those of CODE that are there."""
    there = [path for path in CODE if (root / path).exists()]
    abouts = {name: asked_of("bandit", root, [name], *OPTIONS) for name in _files(root, there)}
    findings = chain(*cache.recall_each(abouts, partial(_ask, root)))
    return judged("code", [Finding(*entry) for entry in findings])


def _ask(root: Path, names: Sequence[str]) -> dict[str, list[list[Any]]]:
    """What makes a Finding each, by name. The report itself quotes the code, secrets and all."""
    report = parsed(run(root, "bandit", *OPTIONS, *names), "bandit")
    entries = [
        [result["test_id"], result["filename"], result["line_number"], result["issue_text"]]
        for result in report["results"]
    ] + [
        ["unreadable", error["filename"], 1, f"bandit cannot look at it: {error['reason']}"]
        for error in report["errors"]
    ]
    plain = ([rule, path.removeprefix("./"), *rest] for rule, path, *rest in entries)
    return by_path("bandit", names, plain)


def _files(root: Path, there: list[str]) -> Iterator[str]:
    for path in there:
        place = root / path
        files = place.rglob("*.py") if place.is_dir() else (place,)
        yield from sorted(str(file.relative_to(root)) for file in files)
