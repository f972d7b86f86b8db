"""The newest report, or that of a release."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from delivery.commands.report import report
from delivery.context import Context
from delivery.errors import InputError
from tests.origin import Origin

ONE, TWO = "r-111111111111", "r-222222222222"


@pytest.fixture
def context(origin: Origin) -> Context:
    return Context(origin.path, lambda _: None)


def written(context: Context, release: str, age: int) -> Path:
    file = context.workspace / "reports" / release / "report.html"
    file.parent.mkdir(parents=True)
    file.write_text("")
    os.utime(file, (1_000_000 - age, 1_000_000 - age))
    return file


def test_the_newest_is_the_default(context: Context) -> None:
    newest, older = written(context, ONE, age=1), written(context, TWO, age=2)
    assert report(context, None).report == newest
    assert report(context, TWO).report == older


@pytest.mark.parametrize(("release", "words"), [(None, "any candidate"), (ONE, ONE)])
def test_without_one_the_command_that_writes_it_is_named(
    context: Context, release: str | None, words: str
) -> None:
    with pytest.raises(InputError, match=f"no report of {words} here yet; `delivery gate`"):
        report(context, release)
