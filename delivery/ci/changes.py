"""What a change concerns, so that a pull request runs that and nothing else.

    python3 -m delivery.ci.changes BASE

Prints each answer as `name=value`, and gives the same to a job's outputs. Runs before anything is
installed, so it needs the standard library and git alone. What no rule names concerns the code:
all that there is to lint and to test.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

# The first pattern that fits a path decides; `*` crosses folders.
RULES: tuple[tuple[str, frozenset[str]], ...] = (
    ("infra/environments/*", frozenset({"environments"})),
    ("releases/*", frozenset({"environments"})),
    ("dvc.lock", frozenset({"model"})),
    ("training.json", frozenset({"model"})),
    ("params.yaml", frozenset({"model", "own tests"})),
    ("model/*", frozenset({"model", "lint", "own tests"})),
    ("data/*", frozenset({"model", "own tests"})),
    ("tests/model/*", frozenset({"lint", "own tests"})),
    ("*.md", frozenset({"docs"})),
    ("docs/*", frozenset({"docs"})),
    ("pipeline/*", frozenset({"model", "lint", "tests"})),
    ("serving/*", frozenset({"model", "lint", "tests"})),
    ("bentos/*", frozenset({"model", "lint", "tests"})),
    ("requirements/*", frozenset({"model", "lint", "tests"})),
    ("service.py", frozenset({"model", "lint", "tests"})),
    ("dvc.yaml", frozenset({"model", "lint", "tests"})),
    (".dvc/*", frozenset({"model", "lint", "tests"})),  # where the store is
)
REST = frozenset({"lint", "tests"})
EVERYTHING = frozenset({"environments", "model", "lint", "tests"})
OWN_TESTS = "own tests"
TESTS = {"tests": "tests", OWN_TESTS: "tests/model", "docs": "tests/test_docs.py"}
LOCK = "dvc.lock"


def concerns(paths: Iterable[str]) -> frozenset[str]:
    """Everything that a change of these files concerns."""
    concerned: frozenset[str] = frozenset()
    for path in paths:
        concerned |= next((what for pattern, what in RULES if fnmatchcase(path, pattern)), REST)
    return concerned


def answers(concerned: frozenset[str], *, has_model: bool) -> dict[str, str]:
    """What a job asks: which parts run, and which tests.

    `has_model` is False where neither side has a dvc.lock: there is no model to judge yet.
    """
    tests = [TESTS[what] for what in TESTS if what in concerned]
    runs = {
        "lint": "lint" in concerned,
        "tests": bool(tests),
        "model": "model" in concerned and has_model,
        "environments": "environments" in concerned,
    }
    return {
        **{name: str(value).lower() for name, value in runs.items()},
        "test_paths": " ".join(["tests"] if "tests" in tests else tests),
    }


def changed(base: str) -> list[str] | None:
    """The files that differ from where HEAD left `base`; None where git does not know `base`."""
    command = ["git", "diff", "--name-only", "--no-renames", "-z", f"{base}...HEAD"]
    done = subprocess.run(command, capture_output=True, check=False)  # bytes: names need be no text
    if done.returncode != 0:
        return None
    return [os.fsdecode(path) for path in done.stdout.split(b"\0") if path]


def _has_lock(commit: str) -> bool:
    command = ["git", "cat-file", "-e", f"{commit}:{LOCK}"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def main(arguments: list[str]) -> int:
    base = arguments[0] if arguments else ""
    paths = changed(base) if base and not base.startswith("-") else None
    concerned = EVERYTHING if paths is None else concerns(paths)
    if not any(Path(TESTS[OWN_TESTS]).rglob("test_*.py")):
        # A fork may have none, and pytest calls a path without tests an error.
        concerned -= {OWN_TESTS}
    has_model = _has_lock("HEAD") or (paths is not None and _has_lock(base))
    lines = [f"{name}={value}" for name, value in answers(concerned, has_model=has_model).items()]
    print("\n".join(lines))
    output = os.environ.get("GITHUB_OUTPUT")
    if output:
        with Path(output).open("a", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
