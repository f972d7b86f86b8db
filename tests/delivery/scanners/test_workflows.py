from __future__ import annotations

from pathlib import Path

import pytest

from delivery.errors import InputError
from delivery.scanners import workflows
from tests.delivery.scanners.conftest import put

GOOD = """\
name: x
on: push
permissions: {}
concurrency: { group: x, cancel-in-progress: true }
jobs:
  x:
    name: x
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    permissions: {}
    steps:
      - run: "true"
"""
INJECTED = GOOD.replace('"true"', "echo ${{ github.head_ref }}")
FILE = ".github/workflows/x.yml"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (INJECTED, "template-injection"),
        (GOOD.replace("permissions: {}", "permissions: write-all"), "excessive-permissions"),
        (GOOD.replace('run: "true"', "uses: acme/action@v1"), "unpinned-uses"),
        (GOOD.replace("ubuntu-24.04", "ubuntu-1.04"), "runner-label"),
        (GOOD.replace("on: push", "on: pushed"), "events"),
        ("on: [\n", "syntax-check"),
    ],
)  # fmt: skip
def test_a_workflow_that_could_be_abused_or_fails_is_found(
    root: Path, text: str, rule: str
) -> None:
    put(root, ".github/workflows/good.yml", GOOD.replace("x", "y"))
    put(root, FILE, text)
    scan = workflows.scan(root)
    assert scan.status == "fail"
    assert rule in {found.rule for found in scan.findings if found.path == FILE}


def test_the_line_is_that_of_the_file(root: Path) -> None:
    put(root, FILE, INJECTED)
    lines = {found.rule: found.line for found in workflows.scan(root).findings}
    assert INJECTED.splitlines()[lines["template-injection"] - 1].endswith("head_ref }}")


def test_a_sound_workflow_passes(root: Path) -> None:
    put(root, FILE, GOOD)
    assert workflows.scan(root).findings == ()


def test_without_workflows_nothing_was_looked_at(root: Path) -> None:
    with pytest.raises(InputError, match="zizmor failed"):
        workflows.scan(root)
