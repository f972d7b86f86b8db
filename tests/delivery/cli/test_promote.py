"""`delivery promote` passes on what a person asked for, and shows the pull request."""

from __future__ import annotations

import pytest

from delivery.commands.promote import PromoteResult
from delivery.forge.protocol import Pull
from tests.delivery.cli.conftest import CommandLine
from tests.delivery.cli.shown import ONE, PULL, judged


@pytest.mark.parametrize(
    ("pull", "options", "line"),
    [
        (PULL, (), "pull request #7 open: A title"),
        (None, (), "staging wants it already"),
        (None, ("--dry-run",), "dry run"),
    ],
)
def test_the_outcome_is_one_line(
    delivery: CommandLine, pull: Pull | None, options: tuple[str, ...], line: str
) -> None:
    calls = delivery.returns("promote.promote", PromoteResult("staging", ONE, judged("pass"), pull))
    run = delivery("promote", "staging", "--release", ONE, "--reason", "why", *options)
    assert run.stdout == f"release {ONE}\n{line}\n"
    [(wish, _)] = calls
    assert (wish.environment, wish.release, wish.overrides.reason) == ("staging", ONE, "why")
    assert wish.dry_run is bool(options)
