"""The tests that a person runs before a commit, by what changed: `make check`, `make test-model`.

    python -m tests.check [model]

What changed is what differs from HEAD or, where nothing does, from where the branch left
origin/main. A module's test has its path below tests/; of a changed test file all is run. Tests
marked e2e are left to `make e2e`, those marked clients to `make test`. So is what is not reached in
SECONDS: the files that took least when they were run last come first.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath

import pytest

from tests.costs import file_costs

SECONDS = 20.0  # with all else that `make check` runs it is less than a minute
MODEL = "tests/model"
DOCS = "tests/test_docs.py"
QUICK = ("-m", "not e2e and not clients and not images")
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


class Budget:
    """A plugin of pytest: begins no test after `seconds`, and names the files that it leaves."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds
        self._left: dict[str, None] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        costs = file_costs(config)
        items.sort(key=lambda item: costs.get(file_of(item), 0.0))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        """True: no other plugin runs it."""
        if self._clock() < self._end:
            return None
        self._left[file_of(item)] = None
        return True

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._left:
            terminalreporter.write_line(f"left to `make test`: {', '.join(self._left)}")


def file_of(item: pytest.Item) -> str:
    """The path of its file below the root."""
    return item.nodeid.partition("::")[0]


def run(tests: list[str], *plugins: object) -> int:
    """The exit code of pytest; 0 where there is nothing to test."""
    if not tests:
        print("no tests to run")
        return 0
    print("tests of what changed:", *tests, flush=True)
    code = pytest.main([*QUICK, *tests], plugins=plugins)
    return 0 if code == pytest.ExitCode.NO_TESTS_COLLECTED else int(code)


def main(arguments: list[str]) -> int:
    root = Path.cwd()
    if arguments == ["model"]:
        return run(mirrors(["model/"], root))
    return run(mirrors(changed(root), root), Budget(SECONDS))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
