"""Secrets in files that git knows: detect-secrets.

What only looks like one carries `pragma: allowlist secret` in its line.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from delivery.scanners.finding import Finding, Scan, judged, parsed, run

# Full of hashes, which look like secrets. What `delivery` writes is guarded by its own tag.
HASHED = (".lock", "package-lock.json")
WRITTEN = ("infra/environments/", "releases/r-")
AT_ONCE = 400  # file names on one command line


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
    found: list[Finding] = []
    for start in range(0, len(names), AT_ONCE):
        done = run(root, "detect-secrets", "scan", "--", *names[start : start + AT_ONCE])
        for path, secrets in parsed(done, "detect-secrets")["results"].items():
            found += [
                Finding(secret["type"], path, secret["line_number"], "looks like a secret")
                for secret in secrets
            ]
    return judged("secrets", found)
