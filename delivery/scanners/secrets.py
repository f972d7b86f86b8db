"""Secrets in files that git knows: detect-secrets.

What only looks like one carries `pragma: allowlist secret` in its line.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from delivery.cache import NO_CACHE, Cache
from delivery.scanners.finding import Finding, Scan, asked_of, by_path, judged, parsed, run

TOOL = "detect-secrets"
# Full of hashes, which look like secrets. What `delivery` writes is guarded by its own tag.
HASHED = (".lock", "package-lock.json")
WRITTEN = ("infra/environments/", "releases/r-")
AT_ONCE = 400  # file names on one command line
# Tests are full of made-up secrets, and the statement of a training is made of hashes: there only
# what has the form of a real one counts.
MADE_UP = ("tests/", "training.json")
GUESSES = tuple(
    word
    for plugin in ("KeywordDetector", "HexHighEntropyString", "Base64HighEntropyString")
    for word in ("--disable-plugin", plugin)
)


def scan(root: Path, cache: Cache = NO_CACHE, names: Sequence[str] | None = None) -> Scan:
    """Look at the files that git knows below `root`, or at `names` where it is no checkout."""
    looked = [
        name
        for name in (tracked(root) if names is None else names)
        if not name.endswith(HASHED) and not name.startswith(WRITTEN) and (root / name).is_file()
    ]
    made_up = [name for name in looked if name.startswith(MADE_UP)]
    rest = [name for name in looked if not name.startswith(MADE_UP)]
    findings = [*_scanned(root, cache, rest), *_scanned(root, cache, made_up, *GUESSES)]
    return judged("secrets", [Finding(*entry) for entry in findings])


def tracked(root: Path) -> list[str]:
    """What git knows below `root`."""
    done = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z"], capture_output=True, check=True
    )
    return [os.fsdecode(name) for name in done.stdout.split(b"\0") if name]


def _scanned(root: Path, cache: Cache, names: list[str], *options: str) -> list[list[Any]]:
    findings: list[list[Any]] = []
    for start in range(0, len(names), AT_ONCE):
        batch = names[start : start + AT_ONCE]
        abouts = {name: asked_of(TOOL, root, [name], *options) for name in batch}
        findings += chain(*cache.recall_each(abouts, partial(_ask, root, options)))
    return findings


def _ask(root: Path, options: tuple[str, ...], names: Sequence[str]) -> dict[str, list[list[Any]]]:
    """What makes a Finding each, by name. The secret itself is in none of them, be it as a hash."""
    done = run(root, TOOL, "scan", *options, "--", *names)
    return by_path(
        TOOL,
        names,
        (
            [secret["type"], path, secret["line_number"], "looks like a secret"]
            for path, secrets in parsed(done, TOOL)["results"].items()
            for secret in secrets
        ),
    )
