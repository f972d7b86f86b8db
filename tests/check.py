"""The tests that a person runs before a commit, by what changed: `make check`, `make test-model`.

    python -m tests.check [model]

What changed is what differs from HEAD or, where nothing does, from where the branch left
origin/main. A module's test has its path below tests/; of a changed test file all is run. Tests
marked e2e or clients are left to `make test`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import pytest

MODEL = "tests/model"
DOCS = "tests/test_docs.py"
QUICK = ("-m", "not e2e and not clients")
# The first that fits decides; a folder that ends in / stands for all below it.
BESIDE = (
    ("model/", MODEL),
    ("tests/model/", MODEL),
    ("params.yaml", MODEL),
    ("docs/", DOCS),
    ("README.md", DOCS),
)


def changed(root: Path) -> list[str]:
    """Paths that differ from HEAD, new ones too; in a clean checkout those of the branch."""
    new = _git(root, "ls-files", "--others", "--exclude-standard", "-z")
    here = [*_git(root, "diff", "--name-only", "--no-renames", "-z", "HEAD"), *new]
    return here or _git(root, "diff", "--name-only", "--no-renames", "-z", "origin/main...HEAD")


def _git(root: Path, *arguments: str) -> list[str]:
    """The paths that git lists; none where it does not know a revision."""
    command = ["git", "-C", str(root), *arguments]
    done = subprocess.run(command, capture_output=True, check=False)  # bytes: names need be no text
    return [os.fsdecode(path) for path in done.stdout.split(b"\0") if path]


def mirrors(paths: Iterable[str], root: Path) -> list[str]:
    """The test files and folders that the paths concern, those that are there."""
    wanted = {test for path in paths for test in _tests(path)}
    return sorted(test for test in wanted if has_tests(root / test))


def _tests(path: str) -> Iterator[str]:
    for pattern, test in BESIDE:
        if path == pattern or (pattern.endswith("/") and path.startswith(pattern)):
            yield test
            return
    place = PurePosixPath(path)
    if place.suffix != ".py":
        return
    if place.parts[0] == "tests":
        yield path
    else:
        yield str("tests" / place.with_name(f"test_{place.name}"))


def has_tests(place: Path) -> bool:
    """Is this a test file, or a folder with one?"""
    if place.is_file():
        return place.name.startswith("test_")
    return any(place.rglob("test_*.py"))


def run(tests: list[str]) -> int:
    """The exit code of pytest; 0 where there is nothing to test."""
    if not tests:
        print("no tests to run")
        return 0
    print("tests of what changed:", *tests, flush=True)
    code = pytest.main([*QUICK, *tests])
    return 0 if code == pytest.ExitCode.NO_TESTS_COLLECTED else int(code)


def main(arguments: list[str]) -> int:
    root = Path.cwd()
    paths = ["model/"] if arguments == ["model"] else changed(root)
    return run(mirrors(paths, root))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
