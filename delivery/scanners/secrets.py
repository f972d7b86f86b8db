"""Secrets in files that git knows: detect-secrets.

What only looks like one carries `pragma: allowlist secret` in its line.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from delivery.scanners.finding import Finding, Scan, judged, parsed, run
from delivery.scanners.memory import FORGETFUL, Memory, asked_of

TOOL = "detect-secrets"
# Full of hashes, which look like secrets. What `delivery` writes is guarded by its own tag.
HASHED = (".lock", "package-lock.json")
WRITTEN = ("infra/environments/", "releases/r-")
AT_ONCE = 400  # file names on one command line
# Tests are full of made-up secrets: there only what has the form of a real one counts.
GUESSES = tuple(
    word
    for plugin in ("KeywordDetector", "HexHighEntropyString", "Base64HighEntropyString")
    for word in ("--disable-plugin", plugin)
)


def scan(root: Path, memory: Memory = FORGETFUL, names: Sequence[str] | None = None) -> Scan:
    """Look at the files that git knows below `root`, or at `names` where it is no checkout."""
    looked = [
        name
        for name in (tracked(root) if names is None else names)
        if not name.endswith(HASHED) and not name.startswith(WRITTEN) and (root / name).is_file()
    ]
    tests = [name for name in looked if name.startswith("tests/")]
    rest = [name for name in looked if not name.startswith("tests/")]
    found = [*_scanned(root, memory, rest), *_scanned(root, memory, tests, *GUESSES)]
    return judged("secrets", [Finding(*one) for one in found])


def tracked(root: Path) -> list[str]:
    """What git knows below `root`."""
    done = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z"], capture_output=True, check=True
    )
    return [os.fsdecode(name) for name in done.stdout.split(b"\0") if name]


def _scanned(root: Path, memory: Memory, names: list[str], *options: str) -> list[list[Any]]:
    found: list[list[Any]] = []
    for start in range(0, len(names), AT_ONCE):
        batch = names[start : start + AT_ONCE]
        found += memory.recall(
            asked_of(TOOL, root, batch, *options),
            partial(_ask, root, batch, options),
        )
    return found


def _ask(root: Path, names: list[str], options: tuple[str, ...]) -> list[list[Any]]:
    """What makes a Finding each. The secret itself is in none of them, be it as a hash."""
    done = run(root, TOOL, "scan", *options, "--", *names)
    return [
        [secret["type"], path, secret["line_number"], "looks like a secret"]
        for path, secrets in parsed(done, TOOL)["results"].items()
        for secret in secrets
    ]
