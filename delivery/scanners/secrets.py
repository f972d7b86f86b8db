"""Secrets in files that git knows: detect-secrets.

What only looks like one carries `pragma: allowlist secret` in its line.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from delivery.scanners.finding import Finding, Scan, judged, parsed, run

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


def scan(root: Path) -> Scan:
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z"], capture_output=True, check=True
    ).stdout.split(b"\0")
    names = [
        name
        for name in map(os.fsdecode, listed)
        if name and not name.endswith(HASHED) and not name.startswith(WRITTEN)
        if (root / name).is_file()
    ]
    tests = [name for name in names if name.startswith("tests/")]
    rest = [name for name in names if not name.startswith("tests/")]
    return judged("secrets", [*_scanned(root, rest), *_scanned(root, tests, *GUESSES)])


def _scanned(root: Path, names: list[str], *options: str) -> Iterator[Finding]:
    for start in range(0, len(names), AT_ONCE):
        batch = names[start : start + AT_ONCE]
        done = run(root, "detect-secrets", "scan", *options, "--", *batch)
        for path, secrets in parsed(done, "detect-secrets")["results"].items():
            for secret in secrets:
                line = secret["line_number"]
                yield Finding(secret["type"], path, line, "looks like a secret")
