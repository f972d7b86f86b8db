"""The newest report, or that of a release."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from delivery.commands.report import report, rollout_report
from delivery.context import Context
from delivery.errors import InputError
from tests.delivery.place import World
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


def test_the_page_of_a_rollout_is_written_when_it_is_asked_for(origin: Origin) -> None:
    world = World(origin.path, lambda _: None)
    begun = {"share": 5, "champion": ONE, "header": ""}
    origin.happened("staging", origin.want("staging", ONE), "verified", ONE)
    attempt = origin.want("staging", TWO, ONE)
    with pytest.raises(InputError, match="staging has seen no shadow and no canary;"):
        rollout_report(world, "staging", None)
    origin.happened("staging", attempt, "step-1", TWO, begun)
    file = rollout_report(world, "staging", TWO).report
    assert file.name == f"staging-{attempt[:12]}.html"
    assert f"5% beside {ONE}" in file.read_text(encoding="utf-8")
    with pytest.raises(InputError, match=f"staging has seen no shadow and no canary of {ONE};"):
        rollout_report(world, "staging", ONE)
