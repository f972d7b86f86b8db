"""docs/reliability.md promises nothing that no test holds, and shows every kind of fault."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.chaos.faults import FAULTS

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
PROMISE = re.compile(r"^\| (?!what fails|-)(.+?) \|.*\| (.+?) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/\S+\.py)::(test_\w+)`")


def promises() -> dict[str, list[tuple[str, str]]]:
    """What fails → the tests that hold what is promised then, by file and name."""
    text = PAGE.partition("## What is promised")[2].partition("## What is not promised")[0]
    return {what: TEST.findall(held) for what, held in PROMISE.findall(text)}


def written_in(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_promise_names_a_test() -> None:
    assert len(promises()) >= 20
    assert [what for what, tests in promises().items() if not tests] == []


@pytest.mark.parametrize(
    ("file", "test"), sorted({test for tests in promises().values() for test in tests})
)
def test_every_test_that_is_named_is_there(file: str, test: str) -> None:
    assert (ROOT / file).is_file()
    assert test in written_in(ROOT / file)


def test_the_figures_are_of_every_kind_of_fault() -> None:
    figures = PAGE.partition("## What clients see")[2]
    shown = set(
        re.findall(r"^\| (\w[\w ]+?) +\| +[\d,]+ +\|.*\| right +\|$", figures, re.MULTILINE)
    )
    assert shown == {fault.name for fault in FAULTS}
